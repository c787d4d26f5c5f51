#include "train/verbs/run_options.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace crayon::train {

Compute TrainingOptions::compute() const {
  return {type == "bf16" ? torch::kBFloat16 : torch::kFloat32, -1};
}

void TrainingOptions::apply() const {
  if (threads > 0) {
    torch::set_num_threads(threads);
  }
  try {
    torch::zeros({1}, torch_device());
  } catch (const c10::Error&) {
    throw Error(Code::bad_argument, fmt::format("there is no device {} here", device),
                "use --device cpu, or a libtorch with CUDA and --device cuda");
  }
}

void add_run_options(CLI::App& command, TrainingOptions& options) {
  command.add_option("--warmup", options.run.warmup, "Share of the run with a rising rate")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--decay", options.run.decay, "Share of the run, at its end, with a falling rate")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--seed", options.seed, "The same seed gives the same run")
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
  command
      .add_option("-t,--threads", options.threads,
                  "CPU threads; 0: all; models of a few million parameters run best on one")
      ->capture_default_str();
  command.add_option("--save-minutes", options.run.save_minutes, "Minutes between checkpoints")
      ->capture_default_str();
  command.add_option("--log-steps", options.run.log_steps, "Steps between lines of progress")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 30));
  command.add_flag("--resume", options.run.resume,
                   "Go on from the checkpoint in the output folder");
}

void add_training_options(CLI::App& command, TrainingOptions& options) {
  const auto count = [&command](const std::string& name, std::int64_t& value,
                                const std::string& text) {
    return command.add_option_function<std::string>(
        name, [&value](const std::string& given) { value = parse_count(given); }, text);
  };
  count("--tokens", options.run.tokens, "Tokens to see in all: 300k, 20M, 1.5G")->required();
  count("--batch-tokens", options.batch_tokens, "Tokens of a step, padding included")
      ->default_str(std::to_string(options.batch_tokens));
  command.add_option("--longest", options.longest, "Longer examples are cut to so many tokens")
      ->capture_default_str()
      ->check(CLI::Range(2, 1 << 20));
  command.add_option("--type", options.type, "What matrix products compute in: f32 or bf16")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16"}));
  add_run_options(command, options);
}

std::int64_t parse_count(const std::string& text) {
  std::size_t used = 0;
  double value = -1;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
  }
  const std::string unit = text.substr(std::min(used, text.size()));
  const double factor = unit.empty()  ? 1
                        : unit == "k" ? 1e3
                        : unit == "M" ? 1e6
                        : unit == "G" ? 1e9
                                      : 0;
  if (factor == 0 || !std::isfinite(value) || value < 0 || value * factor > 1e15) {
    throw CLI::ValidationError("a count", text + " is no count such as 300k, 20M or 5000");
  }
  return static_cast<std::int64_t>(std::llround(value * factor));
}

}  // namespace crayon::train
