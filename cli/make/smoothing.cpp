#include "cli/make/smoothing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "cli/make/calibration.h"
#include "formats/importers/importers.h"
#include "runtime/smoothing/smoothquant.h"

namespace crayon::cli {
namespace {

constexpr std::size_t check_tokens = 64;
constexpr float tolerance = 1e-5f;  // of logits, relative to the largest

std::vector<float> all_logits(const model::Model& model, std::span<const formats::Token> tokens) {
  model::Session session(model, static_cast<std::uint32_t>(tokens.size()), model::KvDtype::f32);
  std::vector<float> logits(tokens.size() * model.config().vocab_size);
  model.forward(session, tokens, model::Logits::all, logits);
  return logits;
}

/// Largest difference, relative to the largest magnitude.
float difference(std::span<const float> values, std::span<const float> truth) {
  float largest = 0, apart = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    largest = std::max(largest, std::abs(truth[i]));
    apart = std::max(apart, std::abs(values[i] - truth[i]));
  }
  return largest > 0 ? apart / largest : apart;
}

formats::ChannelScales learned_scales(const formats::ModelSource& source,
                                      const SmoothingOptions& options) {
  if (options.scales.empty()) {
    throw Error(Code::bad_argument, "there are no learned scales to smooth with",
                "add --scales FILE, the scales.safetensors of `crayon-train scales`");
  }
  return importers::import_channel_scales(options.scales, source.config);
}

/// Ids to compare two models on.
std::vector<formats::Token> any_tokens(const formats::ModelConfig& config) {
  std::vector<formats::Token> tokens(std::min<std::size_t>(check_tokens, config.max_context));
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<formats::Token>(i % config.vocab_size);
  }
  return tokens;
}

}  // namespace

void add_smoothing_options(Command& command, SmoothingOptions& options) {
  command
      .add_option("--smooth", options.method,
                  "Channel scales that make the model easy to quantise; they cost nothing later")
      .one_of({"none", "smoothquant", "learned"})
      .show_default();
  command.add_option("--scales", options.scales,
                     "What `crayon-train scales` has learned, for --smooth learned");
  command
      .add_option("--strength", options.strength,
                  "Share of the difficulty that --smooth moves from activations to weights")
      .within(0.0f, 1.0f)
      .show_default();
}

formats::ModelSource smoothed(formats::ModelSource source, const SmoothingOptions& options,
                              const std::string& calibration, const std::filesystem::path& output) {
  std::vector<formats::Token> tokens;
  std::vector<float> truth;
  formats::ChannelScales scales;
  if (options.method == "learned") {
    scales = learned_scales(source, options);
    tokens = any_tokens(source.config);
    const TemporaryModel model(source, output, "preparing");
    truth = all_logits(*model, tokens);
  } else {
    tokens = calibration_tokens(source, calibration);
    const TemporaryModel model(source, output, "preparing");
    scales = smoothing::smoothquant(source, calibrated(*model, tokens), options.strength);
    tokens.resize(std::min({tokens.size(), check_tokens, std::size_t{source.config.max_context}}));
    truth = all_logits(*model, tokens);
  }
  source = formats::smooth(std::move(source), scales);
  const TemporaryModel model(source, output, "checking");
  const float apart = difference(all_logits(*model, tokens), truth);
  if (!(apart <= tolerance)) {
    throw Error(Code::unsupported,
                fmt::format("the smoothed model's logits differ by {:.2g} of the largest, more "
                            "than {:.0g}",
                            apart, tolerance),
                "pack without --smooth, and report this model");
  }
  return source;
}

}  // namespace crayon::cli
