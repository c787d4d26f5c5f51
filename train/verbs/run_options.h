#pragma once

#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "train/learn/trainer.h"
#include "train/model/forward.h"

namespace crayon::train {

/// Options of training verbs.
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

/// Declares those that do not depend on what is learned from: schedule, seed, device, threads,
/// checkpoints. `options` outlives the command and holds the defaults.
void add_run_options(CLI::App& command, TrainingOptions& options);

/// Declares all, for what learns from token shards.
void add_training_options(CLI::App& command, TrainingOptions& options);

/// Accepts 300k, 20M, 1.5G and plain numbers.
std::int64_t parse_count(const std::string& text);

}  // namespace crayon::train
