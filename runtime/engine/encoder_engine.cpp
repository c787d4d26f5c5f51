#include "runtime/engine/encoder_engine.h"

#include <utility>

#include "formats/pictures/normalise.h"
#include "runtime/emphasis/token_weights.h"

namespace crayon::engine {
namespace {

constexpr tokenizer::EncodeOptions with_end{.add_eos = true};

}  // namespace

EncoderEngine::EncoderEngine(formats::Bundle bundle, const EngineOptions& options)
    : kernels_(kernels_of(options.kernels)),
      pool_(options.threads, options.cpus),
      bundle_(std::move(bundle)),
      encoder_(bundle_, kernels_, pool_),
      tokenizer_(*bundle_.info().tokenizer) {}

std::vector<float> EncoderEngine::embed_text(const emphasis::EmphasisedText& text,
                                             std::uint32_t first_layer) {
  const emphasis::TokenWeights weighted = emphasis::token_weights(tokenizer_, text, with_end);
  return encoder_.embed_text(weighted.tokens, {weighted.weights, first_layer});
}

std::vector<float> EncoderEngine::embed_picture(const pictures::Picture& picture) {
  return encoder_.embed_image(pictures::normalise(
      picture, {.size = encoder_.image_size(), .scale = encoder_.pixel_scale()}));
}

}  // namespace crayon::engine
