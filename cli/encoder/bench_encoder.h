#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace crayon::cli {

/// What `crayon bench` does with an encoder: how long it takes to embed texts of some lengths, and
/// an image.
struct EncoderBenchOptions {
  std::string encoder;
  std::vector<std::size_t> threads;  ///< one after another
  std::vector<std::string> kernels;  ///< likewise; empty: the best that runs here
  int repetitions = 5;
  bool json = false;
};
void bench_encoder(const EncoderBenchOptions& options, const EngineOptions& engine);

}  // namespace crayon::cli
