// Every call of the kinds that can fail does so once, in installing, activating and loading: an
// error comes out, the board answers as before, and nothing is left open or allocated.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <exception>
#include <new>

#include "base/error.h"
#include "tests/store/board.h"
#include "tests/store/system_calls.h"

namespace crayon::test {
namespace {

using store::Store;

struct Kind {
  Call call;
  int error;
};

constexpr Kind kinds[] = {
    {Call::allocation, ENOMEM}, {Call::open, EMFILE}, {Call::read, EIO},
    {Call::write, ENOSPC},      {Call::sync, EIO},    {Call::rename, EIO},
    {Call::unlink, EROFS},      {Call::link, ENOSPC}, {Call::make_folder, ENOSPC},
    {Call::thread, EAGAIN},
};

class FailingCalls : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    prepare_board(template_);
    // Anything that is made once and kept is made now.
    restore();
    update_board();
    restore();
  }

  std::filesystem::path board() const { return dir_ / "board"; }

  void restore() const {
    std::filesystem::remove_all(board());
    std::filesystem::copy(
        template_, board(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  }
  void update_board() const { update(board(), {publisher().model(3), publisher().adapter(3)}); }

  /// What went wrong in `action`; empty: nothing.
  template <typename Action>
  std::string failure_of(const Action& action) const {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    } catch (const std::bad_alloc&) {
      return "no memory";
    }
    return "";
  }

  /// Lets each call that `action` makes fail, one after the other. `check` sees each failure.
  template <typename Action, typename Check>
  std::uint64_t fail_each(const Action& action, const Check& check) {
    // The system's calls are few: each fails, whatever the stride.
    const std::uint64_t forward = GetParam().call == Call::allocation ? stride() : 1;
    for (std::uint64_t number = 0;; number += forward) {
      SCOPED_TRACE(fmt::format("{} {}", call_name(GetParam().call), number));
      const Held before = held_now();
      bool reached = false;
      bool failed = false;
      {
        const FailingCall failing(GetParam().call, number, GetParam().error);
        failed = !failure_of(action).empty();
        reached = failing.reached();
      }
      const Held after = held_now();
      if (!reached) {
        EXPECT_FALSE(failed);
        return number;
      }
      EXPECT_EQ(after.descriptors, before.descriptors);
      EXPECT_EQ(after.allocations, before.allocations);
      check(failed);
      if (HasFailure()) {
        return number;
      }
    }
  }

  TempDir dir_;
  std::filesystem::path template_ = dir_ / "template";
};

// A failure may be one that can be done without: no nameless file, no second name for a file.
TEST_P(FailingCalls, OfAnUpdateLeaveABoardThatAnswers) {
  const std::vector<float> before = answer_of(store::model_file(board()));
  const std::vector<float> afterwards = answer_of(publisher().model(3));
  const std::uint64_t calls =
      fail_each([&] { update_board(); },
                [&](bool failed) {
                  const std::vector<float> now = answer_of(store::model_file(board()));
                  EXPECT_TRUE(now == afterwards || (failed && now == before));
                  // And nothing that was left stands in the way.
                  EXPECT_EQ(failure_of([&] { update_board(); }), "");
                  EXPECT_EQ(answer_of(store::model_file(board())), afterwards);
                  restore();
                });
  fmt::print("{} calls of the kind {}\n", calls, call_name(GetParam().call));
}

TEST_P(FailingCalls, OfALoadAreErrors) {
  const std::filesystem::path model = store::model_file(board());
  const std::vector<float> right = answer_of(model);
  for (const bool image : {true, false}) {
    if (!image) {
      for (const auto& entry : std::filesystem::directory_iterator(model.parent_path())) {
        if (entry.path().filename().string().find(".packed-") != std::string::npos) {
          std::filesystem::remove(entry.path());
        }
      }
    }
    fail_each([&] { EXPECT_EQ(answer_of(model), right); }, [](bool) {});
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, FailingCalls, testing::ValuesIn(kinds),
                         [](const auto& kind) { return std::string(call_name(kind.param.call)); });

}  // namespace
}  // namespace crayon::test
