#include "cli/smoothing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/core_choice.h"
#include "base/error.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "formats/importers/importers.h"
#include "formats/packer.h"
#include "runtime/model/model.h"
#include "runtime/smoothing/smoothquant.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t text_limit = std::uint64_t{64} << 20;  // bytes
constexpr std::uint32_t window = 512;  // positions that a calibration text is cut into
constexpr std::size_t check_tokens = 64;
constexpr float tolerance = 1e-5f;  // of logits, relative to the largest

/// A model in f32. It comes out of a bundle that is there while it is loaded.
class TemporaryModel {
 public:
  TemporaryModel(const formats::ModelSource& source, const std::filesystem::path& path,
                 const char* what) {
    Progress progress(what, "weights");
    formats::pack_model(
        source, {formats::Dtype::f32, formats::Dtype::f32}, path,
        [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); });
    const formats::Bundle bundle = formats::Bundle::open(path);
    std::filesystem::remove(path);
    model_ = model::Model::load(bundle, kernels::select(), pool_);
  }

  const model::Model& operator*() const { return *model_; }

 private:
  ThreadPool pool_{default_threads()};
  std::unique_ptr<model::Model> model_;
};

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

std::vector<formats::Token> calibration_tokens(const formats::ModelSource& source,
                                               const SmoothingOptions& options) {
  if (options.calibration.empty()) {
    throw Error(Code::bad_argument, "smoothing needs a text to calibrate on",
                "add --calibrate FILE, a text like those that the model will read");
  }
  const std::string text = read_text(options.calibration, text_limit);
  std::vector<formats::Token> tokens = tokenizer::Tokenizer(source.tokenizer).encode(text);
  if (tokens.size() < 2) {
    throw Error(Code::bad_argument,
                fmt::format("{}: {} tokens to calibrate on", options.calibration, tokens.size()),
                "give a text of a few thousand tokens or more");
  }
  return tokens;
}

formats::ChannelScales calibrated_scales(const formats::ModelSource& source,
                                         const model::Model& model,
                                         std::span<const formats::Token> tokens, float strength) {
  model::Session session(model, std::min(window, source.config.max_context), model::KvDtype::f32);
  Progress progress("calibrating", "tokens");
  const smoothing::ChannelMaxima maxima = smoothing::observe(
      model, session, tokens, [&](std::uint64_t done) { progress.update(done, tokens.size()); });
  return smoothing::smoothquant(source, maxima, strength);
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

void add_smoothing_options(CLI::App& command, SmoothingOptions& options) {
  command
      .add_option("--smooth", options.method,
                  "Channel scales that make the model easy to quantise; they cost nothing later")
      ->check(CLI::IsMember({"none", "smoothquant", "learned"}))
      ->capture_default_str();
  command.add_option("--calibrate", options.calibration,
                     "A text that shows --smooth what the model's activations are like");
  command.add_option("--scales", options.scales,
                     "What `crayon-train scales` has learned, for --smooth learned");
  command
      .add_option("--strength", options.strength,
                  "Share of the difficulty that --smooth moves from activations to weights")
      ->check(CLI::Range(0.0f, 1.0f))
      ->capture_default_str();
}

formats::ModelSource smoothed(formats::ModelSource source, const SmoothingOptions& options,
                              const std::filesystem::path& output) {
  std::filesystem::path temporary = output;
  temporary += ".f32";
  std::vector<formats::Token> tokens;
  std::vector<float> truth;
  formats::ChannelScales scales;
  if (options.method == "learned") {
    scales = learned_scales(source, options);
    tokens = any_tokens(source.config);
    const TemporaryModel model(source, temporary, "preparing");
    truth = all_logits(*model, tokens);
  } else {
    tokens = calibration_tokens(source, options);
    const TemporaryModel model(source, temporary, "preparing");
    scales = calibrated_scales(source, *model, tokens, options.strength);
    tokens.resize(std::min({tokens.size(), check_tokens, std::size_t{source.config.max_context}}));
    truth = all_logits(*model, tokens);
  }
  source = formats::smooth(std::move(source), scales);
  const TemporaryModel model(source, temporary, "checking");
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
