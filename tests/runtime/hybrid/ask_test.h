#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "runtime/hybrid/assistant.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/runtime/hybrid/fake_remote.h"
#include "tests/support/support.h"
#include "tests/transport/sockets.h"

namespace crayon::hybrid {

/// Asks an assistant whose local model is tiny; a test scripts its remote, which is a Peer.
class AskTest : public testing::Test {
 protected:
  static inline const std::vector<generation::Turn> question = {{"user", "Why is the sky blue?"}};

  /// What a slow machine, an emulator or a sanitizer may add to a deadline.
  static constexpr std::int64_t tolerance_ms = 2500;

  static AskOptions options_for(Route route,
                                std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
    AskOptions options;
    options.route = route;
    options.deadline = deadline;
    options.generate = {
        .max_tokens = 12, .sampler = {.temperature = 1.0f, .seed = 3}, .ignore_end = true};
    return options;
  }

  /// Three attempts, which follow each other at once.
  static Policy impatient() {
    Policy policy;
    policy.link.retry = {.attempts = 3,
                         .first = std::chrono::milliseconds(1),
                         .longest = std::chrono::milliseconds(2)};
    return policy;
  }

  static Assistant assistant_with(const std::string& url, Policy policy = impatient(),
                                  adapters::AdapterSet adapters = {}) {
    const test::TinyModel& tiny = test::TinyModel::get();
    return {std::make_shared<generation::SessionGenerator>(tiny.model(), tiny.tokenizer()),
            std::move(adapters),
            {.url = url, .model = "big"},
            std::move(policy)};
  }

  /// No adapter, but the routing data of one: this signal decides.
  static adapters::AdapterSet going_by(const std::string& signal, double threshold) {
    adapters::AdapterSet set;
    set.routing =
        formats::Routing{.share = 0.5f,
                         .examples = 2,
                         .signals = {{.name = signal, .threshold = threshold, .decides = true}},
                         .probe = {}};
    return set;
  }

  /// Follows the pieces as a program that shows them would.
  struct Screen {
    std::string text;
    std::vector<Route> speakers;
    int restarts = 0;
    OnPiece on_piece() {
      return [this](const AnswerPiece& piece) {
        if (piece.restart) {
          ++restarts;
          text.clear();
        }
        text += piece.text;
        if (speakers.empty() || speakers.back() != piece.route) {
          speakers.push_back(piece.route);
        }
      };
    }
  };

  /// Answers every request with the same bytes.
  static test::Peer::Script always(std::string reply) {
    return [reply = std::move(reply)](test::Socket& socket) {
      socket.receive_message();
      socket.send(reply);
    };
  }

  /// Reads, and says nothing until the client goes.
  static void silent(test::Socket& socket) { socket.receive_until_end(); }

  static std::string local_text() {
    return assistant_with("").ask(question, options_for(Route::local), {}).text;
  }
};

}  // namespace crayon::hybrid
