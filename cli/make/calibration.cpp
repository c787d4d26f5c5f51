#include "cli/make/calibration.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core_choice.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/progress.h"
#include "formats/packer.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t text_limit = std::uint64_t{64} << 20;  // bytes
constexpr std::uint32_t window = 512;  // positions that a calibration text is cut into

}  // namespace

TemporaryModel::TemporaryModel(const formats::ModelSource& source,
                               const std::filesystem::path& output, const char* what)
    : pool_(default_threads()) {
  std::filesystem::path path = output;
  path += ".f32";
  Progress progress(what, "weights");
  formats::pack_model(
      source, {formats::Dtype::f32, formats::Dtype::f32}, path,
      [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); });
  const formats::Bundle bundle = formats::Bundle::open(path);
  std::filesystem::remove(path);
  model_ = model::Model::load(bundle, kernels::select(), pool_);
}

std::vector<formats::Token> calibration_tokens(const formats::ModelSource& source,
                                               const std::string& file) {
  if (file.empty()) {
    throw Error(Code::bad_argument, "there is no text to calibrate on",
                "add --calibrate FILE, a text like those that the model will read");
  }
  const std::string text = read_text(file, text_limit);
  std::vector<formats::Token> tokens = tokenizer::Tokenizer(source.tokenizer).encode(text);
  if (tokens.size() < 2) {
    throw Error(Code::bad_argument,
                fmt::format("{}: {} tokens to calibrate on", file, tokens.size()),
                "give a text of a few thousand tokens or more");
  }
  return tokens;
}

smoothing::ChannelMaxima calibrated(const model::Model& model,
                                    std::span<const formats::Token> tokens) {
  model::Session session(model, std::min(window, model.config().max_context), model::KvDtype::f32);
  Progress progress("calibrating", "tokens");
  return smoothing::observe(model, session, tokens,
                            [&](std::uint64_t done) { progress.update(done, tokens.size()); });
}

}  // namespace crayon::cli
