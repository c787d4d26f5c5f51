#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "runtime/bench/read_bandwidth.h"
#include "runtime/model/model.h"

namespace crayon::bench {

using formats::Token;

/// What is timed: tokens that go in together, then tokens one by one, from empty sessions.
struct Test {
  std::uint32_t prompt = 0;
  std::uint32_t decode = 0;
  std::uint32_t sequences = 1;  ///< that do so at the same time
  /// In llama-bench's words: "pp512", "tg128", "pp512+tg128"; of several sequences "tg128 x 4".
  std::string name() const;
  /// Of all sequences.
  std::uint64_t tokens() const { return (std::uint64_t{prompt} + decode) * sequences; }
};

/// A model as it is timed: with its kernels, its threads and what its sessions have attached.
struct Lane {
  const model::Model* model;
  std::vector<model::Session*> sessions;  ///< enough of them for every test, each with room for it
  ThreadPool* threads;                    ///< the model's
};

/// What one test took in one lane, repetition by repetition.
struct Times {
  std::vector<double> seconds;        ///< of the whole test
  std::vector<double> token_seconds;  ///< of every decoding step of all repetitions
};

struct Measurements {
  std::vector<std::vector<Times>> lanes;  ///< [lane][test]
  std::vector<double> bandwidth;          ///< bytes a second, once a repetition and lane
  std::vector<double> bandwidth_of(std::size_t lane) const;  ///< [repetition]
};

/// `count` ids below `vocabulary`, the same for every run.
std::vector<Token> random_tokens(std::uint32_t count, std::uint32_t vocabulary);

/// The token that greedy decoding would choose: the place of the highest of `logits`.
std::size_t best_of(std::span<const float> logits);

/// Runs a test once in lanes that share their threads. They decode in turns, a few tokens each:
/// what else the machine does meanwhile meets them alike. `turn` says who comes first; times
/// [lanes]. Tokens are random ones, and the best token is looked for after each step, as greedy
/// decoding does, though what follows does not depend on it.
void run_once(const Test& test, std::span<const Lane> lanes, std::size_t turn,
              std::span<Times> times);

/// Runs every test in every lane `repetitions` times, lanes with other threads one after the other,
/// since those of the first would still wait awake for work; in between, how fast memory can be
/// read by each lane's threads. `bandwidth` may be null. `on_step` hears of steps done and to do.
Measurements run(std::span<const Test> tests, std::span<const Lane> lanes, int repetitions,
                 ReadBandwidth* bandwidth,
                 const std::function<void(std::uint64_t done, std::uint64_t all)>& on_step);

}  // namespace crayon::bench
