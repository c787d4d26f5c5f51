// The system calls of installing, activating and rolling back are written down; the power is then
// cut behind each of them, with several fates of what was not synced.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/store/board.h"
#include "tests/store/disk_model.h"

namespace crayon::test {
namespace {

using store::Store;

/// Something that an engineer does with a board.
struct Job {
  const char* name;
  void (*run)(const std::filesystem::path& root);
};

std::filesystem::path upload(const std::filesystem::path& root) {
  return root / "uploads" / "new.crayon";
}

/// Whoever sends a file sends it again after a power cut.
void send(const std::filesystem::path& root) {
  std::filesystem::create_directories(root / "uploads");
  std::filesystem::copy_file(publisher().model(3), upload(root),
                             std::filesystem::copy_options::overwrite_existing);
}

constexpr Job jobs[] = {
    {"install",
     [](const auto& root) {
       update(root, {publisher().model(3), publisher().adapter(3)});
     }},
    {"move",
     [](const auto& root) {
       send(root);
       update(root, {upload(root)}, true);
     }},
    {"adapter", [](const auto& root) { update(root, {publisher().other_adapter()}); }},
    {"rollback",
     [](const auto& root) {
       Store store(root);
       // Done twice it would go back and forth.
       if (store.active()->find(store::model_role)->id == publisher().model_id(2)) {
         store.rollback(check_health);
       }
     }},
    {"trust", [](const auto& root) { Store(root).trust(formats::make_secret_key().public_key()); }},
};

/// The content that answers, by what it is and by what it says.
struct Answer {
  std::vector<store::Member> members;
  std::vector<float> logits;
  bool operator==(const Answer&) const = default;
};

Answer answer(const std::filesystem::path& root) {
  const std::optional<store::Deployment> active = Store(root).active();
  if (!active) {
    return {};
  }
  for (const store::Member& member : active->members) {
    const formats::Bundle bundle = formats::Bundle::open(active->file(member.role));
    EXPECT_EQ(bundle.id(), member.id);
    EXPECT_TRUE(bundle.is_signed_by(publisher().key().public_key()));
    bundle.verify({});
  }
  return {active->members, answer_of(store::model_file(root))};
}

/// Names below `folder` that a finished job does not leave.
std::vector<std::string> left_over(const std::filesystem::path& root) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".part") {
      names.push_back(entry.path().string());
    }
  }
  const std::size_t deployments = static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(root / "deployments"), {}));
  if (deployments != Store(root).deployments().size() || deployments > 3) {
    names.push_back(fmt::format("{} deployments", deployments));
  }
  return names;
}

class PowerCut : public testing::TestWithParam<Job> {
 protected:
  void SetUp() override {
    prepare_board(board());
    // A deployment that waits, so that there is something to remove.
    Store(board()).install({{{publisher().model(4), false}}, {}, false, false}, no_needs,
                           no_progress);
    if (std::string(GetParam().name) == "move") {
      send(board());
    }
    start_ = read_disk(board());
    old_ = answer(board());
    changes_ = record(start_);
    new_ = answer(board());
    ASSERT_FALSE(changes_.empty());
  }

  std::filesystem::path board() const { return dir_ / "board"; }

  /// The changes that the job makes of a disk, which is then that of board().
  std::vector<Change> record(const Disk& start) {
    write_disk(start, board());
    const Disk numbered = read_disk(board());
    ChangeRecorder recorder(board(), numbered);
    watch_files(recorder, [&] { GetParam().run(board()); });
    return recorder.take();
  }

  /// That the board answers, as before or as afterwards, and can be brought to the end.
  void check(const Disk& disk) {
    write_disk(disk, board());
    const Answer now = answer(board());
    ASSERT_TRUE(now == old_ || now == new_) << "another answer";
    ASSERT_NO_THROW(GetParam().run(board()));
    ASSERT_EQ(answer(board()), new_);
    // Whatever changes the store next clears away.
    const std::uint64_t active = Store(board()).state().active;
    Store(board()).activate(active, check_health);
    ASSERT_EQ(std::filesystem::read_symlink(board() / "active"),
              fmt::format("deployments/{}", active));
    ASSERT_EQ(left_over(board()), std::vector<std::string>{});
  }

  TempDir dir_;
  Disk start_;
  Answer old_, new_;
  std::vector<Change> changes_;
};

TEST_P(PowerCut, BehindEveryCallTheBoardAnswersAsBeforeOrAsAfterwards) {
  Random random(1);
  int points = 0;
  for (std::size_t count = 0; count <= changes_.size(); count += stride()) {
    for (const Unsynced unsynced :
         {Unsynced::lost, Unsynced::names_kept, Unsynced::kept, Unsynced::some}) {
      SCOPED_TRACE(fmt::format("{} of {} changes, fate {}", count, changes_.size(),
                               static_cast<int>(unsynced)));
      ASSERT_NO_FATAL_FAILURE(check(after_power_cut(start_, changes_, count, unsynced, random)));
      ++points;
    }
  }
  RecordProperty("points", points);
  fmt::print("{}: {} changes, {} points\n", GetParam().name, changes_.size(), points);
}

// The job is interrupted, begun again, and interrupted again.
TEST_P(PowerCut, TwiceAtRandomPointsTheBoardAnswers) {
  constexpr std::uint64_t cuts = 200;
  for (std::uint64_t i = 0; i < cuts; i += stride()) {
    Random random(i);
    SCOPED_TRACE(fmt::format("seed {}", i));
    const Disk once = after_power_cut(start_, changes_, random.below(changes_.size() + 1),
                                      Unsynced::some, random);
    write_disk(once, board());
    const Disk again = read_disk(board());
    std::vector<Change> more;
    ASSERT_NO_THROW(more = record(again));
    ASSERT_NO_FATAL_FAILURE(
        check(after_power_cut(again, more, random.below(more.size() + 1), Unsynced::some, random)));
  }
}

INSTANTIATE_TEST_SUITE_P(Jobs, PowerCut, testing::ValuesIn(jobs),
                         [](const auto& job) { return std::string(job.param.name); });

}  // namespace
}  // namespace crayon::test
