#include "train/learn/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/error.h"
#include "base/process.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

/// How far a run has come.
struct Position {
  std::int64_t step = 0;
  std::int64_t tokens = 0;
  double seconds = 0;  ///< of training, all its parts together
};

std::filesystem::path checkpoint_path(const std::filesystem::path& folder) {
  return folder / "checkpoint.safetensors";
}

void save_checkpoint(const std::filesystem::path& folder, const NamedParameters& parameters,
                     const Optimizer& optimizer, const Position& position) {
  TensorFile file;
  file.tensors = optimizer.state();
  for (const auto& [name, parameter] : parameters) {
    file.tensors["parameter." + name] = *parameter;
  }
  file.metadata = {{"step", std::to_string(position.step)},
                   {"tokens", std::to_string(position.tokens)},
                   {"seconds", fmt::format("{:.0f}", position.seconds)}};
  write_tensors(file, checkpoint_path(folder));
}

std::int64_t number(const TensorFile& file, const char* name, const std::filesystem::path& folder) {
  const auto found = file.metadata.find(name);
  try {
    return found == file.metadata.end() ? 0 : std::stoll(found->second);
  } catch (const std::exception&) {
    throw Error(Code::malformed,
                fmt::format("{}: {} is no number", checkpoint_path(folder).string(), name),
                "start the run again, without --resume");
  }
}

Position load_checkpoint(const std::filesystem::path& folder, const NamedParameters& parameters,
                         Optimizer& optimizer) {
  const TensorFile file = read_tensors(checkpoint_path(folder));
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    const auto found = file.tensors.find("parameter." + name);
    if (found == file.tensors.end() || found->second.sizes() != parameter->sizes()) {
      throw Error(
          Code::missing_tensor,
          fmt::format("{} lacks {} in this run's shape", checkpoint_path(folder).string(), name),
          "resume with the options that the run was started with");
    }
    parameter->copy_(found->second);
  }
  Position position;
  position.step = number(file, "step", folder);
  position.tokens = number(file, "tokens", folder);
  position.seconds = static_cast<double>(number(file, "seconds", folder));
  optimizer.restore(file.tensors, position.step);
  return position;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// The run's voice: a line on stderr and one in loss.csv every few steps.
class Log {
 public:
  Log(const RunOptions& options, const Position& start)
      : options_(options), start_(start), began_(monotonic_seconds()) {
    const std::filesystem::path path = options.folder / "loss.csv";
    const bool fresh = start.step == 0;
    csv_.open(path, fresh ? std::ios::trunc : std::ios::app);
    if (!csv_) {
      throw Error(Code::io, "cannot write " + path.string(),
                  "name an output folder that can be written");
    }
    if (fresh) {
      csv_ << fmt::format("step,{},loss,seconds\n", options.unit);
    }
  }

  double seconds() const { return start_.seconds + monotonic_seconds() - began_; }

  void add(const Position& position, const StepResult& result) {
    sum_ += result.loss;
    parts_.resize(result.parts.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      parts_[i] += result.parts[i];
    }
    if (++count_ < options_.log_steps && position.tokens < options_.tokens) {
      return;
    }
    const double mean = sum_ / static_cast<double>(count_);
    const double elapsed = monotonic_seconds() - began_;
    const double speed = static_cast<double>(position.tokens - start_.tokens) / elapsed;
    const double left = static_cast<double>(options_.tokens - position.tokens) / speed;
    fmt::print(stderr, "step {}  {} {:.2f}M of {:.2f}M  loss {:.4f}{}  {:.0f} {}/s  left {}\n",
               position.step, options_.unit, static_cast<double>(position.tokens) / 1e6,
               static_cast<double>(options_.tokens) / 1e6, mean, parts_text(), speed, options_.unit,
               clock_text(std::max(0.0, left)));
    csv_ << fmt::format("{},{},{:.5f},{:.0f}\n", position.step, position.tokens, mean, seconds())
         << std::flush;
    sum_ = 0;
    count_ = 0;
    parts_.clear();
  }

 private:
  /// " (5.1234 0.9876)", or nothing.
  std::string parts_text() const {
    std::string text;
    for (const double part : parts_) {
      text +=
          fmt::format("{}{:.4f}", text.empty() ? " (" : " ", part / static_cast<double>(count_));
    }
    return text.empty() ? text : text + ")";
  }

  const RunOptions& options_;
  Position start_;
  double began_;
  std::ofstream csv_;
  double sum_ = 0;
  std::vector<double> parts_;
  std::int64_t count_ = 0;
};

}  // namespace

void train(const RunOptions& options, const NamedParameters& parameters, Optimizer& optimizer,
           const MakeGradients& make_gradients, const SkipStep& skip) {
  std::filesystem::create_directories(options.folder);
  Position position;
  if (options.resume && std::filesystem::exists(checkpoint_path(options.folder))) {
    position = load_checkpoint(options.folder, parameters, optimizer);
    for (std::int64_t i = 0; i < position.step; ++i) {
      skip();
    }
    fmt::print(stderr, "resumed at step {}\n", position.step);
  }
  Log log(options, position);
  double saved = monotonic_seconds();
  while (position.tokens < options.tokens) {
    const double progress =
        static_cast<double>(position.tokens) / static_cast<double>(options.tokens);
    const StepResult result = make_gradients();
    if (!std::isfinite(result.loss)) {
      throw Error(Code::corrupt, fmt::format("the loss is not finite at step {}", position.step),
                  "lower the learning rate and --resume from the last checkpoint");
    }
    optimizer.step(std::max(1e-3, schedule(progress, options.warmup, options.decay)));
    ++position.step;
    position.tokens += result.tokens;
    position.seconds = log.seconds();
    log.add(position, result);
    if (monotonic_seconds() - saved > options.save_minutes * 60) {
      save_checkpoint(options.folder, parameters, optimizer, position);
      saved = monotonic_seconds();
    }
  }
  save_checkpoint(options.folder, parameters, optimizer, position);
}

}  // namespace crayon::train
