// What callbacks and threads do at the wrong moment has a result that is written down.
#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/c_api/api.h"

namespace crayon::test {
namespace {

using Callbacks = WithModel;
using Threads = WithModel;

TEST_F(Callbacks, ACallbackThatStopsEndsTheText) {
  crayon_session* session = open_session();
  auto options = sized<crayon_generate_options>();
  options.ignore_end = 1;
  auto done = sized<crayon_generation>();
  int pieces = 0;
  const auto stop = [](void* user, const char*, std::size_t) {
    return ++*static_cast<int*>(user) == 3 ? -1 : 0;
  };
  EXPECT_WELL(crayon_session_generate(session, "The pump", &options, stop, &pieces, nullptr, &done,
                                      nullptr));
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(done.finish, CRAYON_FINISH_CANCELLED);
  EXPECT_LT(done.tokens, 256u);
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Callbacks, ACallbackThatThrowsIsAnError) {
  crayon_session* session = open_session();
  const auto fail = [](void*, const char*, std::size_t) -> std::int32_t {
    throw std::runtime_error("no");
  };
  Complaint complaint;
  char* text = nullptr;
  EXPECT_EQ(crayon_session_generate(session, "The pump", nullptr, fail, nullptr, &text, nullptr,
                                    &complaint),
            CRAYON_CALLBACK);
  EXPECT_EQ(text, nullptr);
  EXPECT_WELL(crayon_session_clear(session, nullptr));
  EXPECT_FALSE(generate(session, "The pump").empty());
  EXPECT_WELL(crayon_session_close(session));

  crayon_assistant* assistant = open_assistant();
  const crayon_turn turn{"user", "What is the pressure?"};
  const auto fail_too = [](void*, const crayon_piece*) -> std::int32_t { throw 1; };
  EXPECT_EQ(crayon_assistant_ask(assistant, &turn, 1, nullptr, fail_too, nullptr, nullptr, nullptr,
                                 nullptr),
            CRAYON_CALLBACK);
  EXPECT_FALSE(ask(assistant, "What is the pressure?").empty());
  EXPECT_WELL(crayon_assistant_close(assistant));
}

TEST_F(Callbacks, ALogThatThrowsChangesNothing) {
  auto options = sized<crayon_runtime_options>();
  options.log = [](void*, std::int32_t, const char*) { throw 1; };
  crayon_runtime* other = nullptr;
  crayon_model* loaded = nullptr;
  EXPECT_WELL(crayon_runtime_open(&options, &other, nullptr));
  EXPECT_WELL(
      crayon_model_open(other, example("models/device.crayon").c_str(), nullptr, &loaded, nullptr));
  EXPECT_WELL(crayon_model_close(loaded));
  EXPECT_WELL(crayon_runtime_close(other));
}

TEST_F(Callbacks, ACallbackMustNotUseItsSession) {
  crayon_session* session = open_session();
  struct Told {
    crayon_session* session;
    std::array<crayon_code, 3> codes;
  } told{session, {}};
  const auto use = [](void* user, const char*, std::size_t) {
    auto& said = *static_cast<Told*>(user);
    said.codes = {crayon_session_read(said.session, "x", nullptr),
                  crayon_session_clear(said.session, nullptr), crayon_session_close(said.session)};
    return 1;
  };
  EXPECT_WELL(
      crayon_session_generate(session, "The pump", nullptr, use, &told, nullptr, nullptr, nullptr));
  for (const crayon_code code : told.codes) {
    EXPECT_EQ(code, CRAYON_BUSY);
  }
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Threads, TheSecondThreadOfASessionIsRefused) {
  crayon_session* session = open_session();
  struct Shared {
    std::atomic<bool> begun{false};
    std::atomic<bool> refused{false};
  } shared;
  std::thread first([&] {
    const auto wait = [](void* user, const char*, std::size_t) {
      auto& its = *static_cast<Shared*>(user);
      its.begun = true;
      while (!its.refused) {
        std::this_thread::yield();
      }
      return 1;
    };
    EXPECT_WELL(crayon_session_generate(session, "The pump", nullptr, wait, &shared, nullptr,
                                        nullptr, nullptr));
  });
  while (!shared.begun) {
    std::this_thread::yield();
  }
  EXPECT_EQ(crayon_session_read(session, "x", nullptr), CRAYON_BUSY);
  EXPECT_EQ(crayon_session_close(session), CRAYON_BUSY);
  shared.refused = true;
  first.join();
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Threads, ManyThreadsCloseOneHandleOnce) {
  for (int round = 0; round < 20; ++round) {
    crayon_cancel* cancel = nullptr;
    EXPECT_WELL(crayon_cancel_open(runtime, &cancel, nullptr));
    std::atomic<int> closed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        crayon_code code = CRAYON_BUSY;
        while (code == CRAYON_BUSY) {
          (void)crayon_cancel_set(cancel, 1);
          code = crayon_cancel_close(cancel);
        }
        closed += code == CRAYON_OK ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(closed, 1);
  }
}

}  // namespace
}  // namespace crayon::test
