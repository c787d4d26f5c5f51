#pragma once

#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "train/learn/trainer.h"
#include "train/model/forward.h"

namespace crayon::train {

/// Options that every training verb has.
struct TrainingOptions {
  RunOptions run;
  std::int64_t batch_tokens = 8192;
  std::int64_t longest = 1024;
  std::uint64_t seed = 1;
  std::string device = "cpu";
  std::string type = "f32";
  int threads = 0;  ///< 0: all

  torch::Device torch_device() const { return torch::Device(device); }
  Compute compute() const;
  /// Sets the threads, and throws bad_argument for a device that is not there.
  void apply() const;
};

/// Declares them; `options` outlives the command and holds the defaults.
void add_training_options(CLI::App& command, TrainingOptions& options);

/// Accepts 300k, 20M, 1.5G and plain numbers.
std::int64_t parse_count(const std::string& text);

}  // namespace crayon::train
