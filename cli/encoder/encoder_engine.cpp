#include "cli/encoder/encoder_engine.h"

#include "cli/engine.h"
#include "cli/placement.h"
#include "formats/pictures/normalise.h"
#include "formats/pictures/picture.h"
#include "runtime/emphasis/token_weights.h"

namespace crayon::cli {
namespace {

constexpr tokenizer::EncodeOptions with_end{.add_eos = true};

}  // namespace

EncoderEngine::EncoderEngine(const std::filesystem::path& path, const EngineOptions& options)
    : kernels_(select_kernels(options.kernels)),
      pool_(options.threads, place_threads(options).cpus),
      bundle_(formats::Bundle::open(path)),
      encoder_(bundle_, kernels_, pool_),
      tokenizer_(*bundle_.info().tokenizer) {}

std::vector<float> EncoderEngine::embed_text(const emphasis::EmphasisedText& text,
                                             std::uint32_t first_layer) {
  const emphasis::TokenWeights weighted = emphasis::token_weights(tokenizer_, text, with_end);
  return encoder_.embed_text(weighted.tokens, {weighted.weights, first_layer});
}

std::vector<float> EncoderEngine::embed_image(const std::filesystem::path& path) {
  return encoder_.embed_image(
      pictures::normalise(pictures::read_picture(path),
                          {.size = encoder_.image_size(), .scale = encoder_.pixel_scale()}));
}

}  // namespace crayon::cli
