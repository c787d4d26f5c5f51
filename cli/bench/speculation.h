#pragma once

#include <cstdint>
#include <string>

#include "cli/engine.h"
#include "cli/output.h"

namespace crayon::cli {

/// Greedy decoding with guesses beside the same without, on a prompt that repeats itself. How many
/// guesses are right depends on the model and on the text, so this stands apart from the tests.
struct BenchSpeculation {
  std::uint32_t speculate = 0;  ///< guesses at once; 0: not measured
  std::uint64_t made = 0, right = 0, steps = 0, tokens = 0;
  double median_ts = 0;  ///< tokens a second
  double ratio = 0;      ///< to plain decoding, the median over neighbouring pairs

  Json json() const;
  std::string text() const;
};

BenchSpeculation measure_speculation(const Engine& engine, const SessionOptions& session,
                                     std::uint32_t speculate, int repetitions);

}  // namespace crayon::cli
