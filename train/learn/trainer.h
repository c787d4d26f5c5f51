#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "train/optim/optimizer.h"

namespace crayon::train {

/// One run of training: how long, how often saved, where.
struct RunOptions {
  std::int64_t tokens = 0;      ///< to see in all
  std::string unit = "tokens";  ///< what is counted, for the log: learners of pictures see pairs
  double warmup = 0.02;         ///< share of the run
  double decay = 0.4;           ///< share of the run, at its end
  double save_minutes = 5;
  std::int64_t log_steps = 20;
  bool resume = false;
  std::filesystem::path folder;  ///< gets checkpoint.safetensors and loss.csv
};

/// A step's gradients are made by calling this: it runs backward() and returns the step's loss and
/// the tokens that it saw. Called once a step, in the same order in every run.
struct StepResult {
  double loss;
  std::int64_t tokens;
  std::vector<double> parts = {};  ///< where the loss has parts: each, for the log
};
using MakeGradients = std::function<StepResult()>;
/// Draws a step's examples without training on them: what a resumed run has behind it.
using SkipStep = std::function<void()>;

/// Steps until the tokens are seen. Writes a checkpoint every few minutes and at the end, logs
/// step, tokens, loss, tokens a second and the time left on stderr and in loss.csv. With
/// `resume` and a checkpoint in the folder it goes on from there.
void train(const RunOptions& options, const NamedParameters& parameters, Optimizer& optimizer,
           const MakeGradients& make_gradients, const SkipStep& skip);

}  // namespace crayon::train
