#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "formats/bundle.h"
#include "formats/pictures/picture.h"
#include "runtime/emphasis/syntax.h"
#include "runtime/encoder/encoder.h"
#include "runtime/engine/engine.h"
#include "runtime/model/compute.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::engine {

/// A bundle of kind encoder with all that it takes to embed with it. Not for two threads at once.
class EncoderEngine {
 public:
  /// Throws bad_argument for a bundle of another kind, and what loading it throws.
  EncoderEngine(formats::Bundle bundle, const EngineOptions& options);

  const encoder::Encoder& encoder() const { return encoder_; }
  model::Compute compute() const { return {&kernels_, &pool_}; }

  /// [dim], of length 1; words weigh what was said in the layers from `first_layer` on.
  std::vector<float> embed_text(const emphasis::EmphasisedText& text, std::uint32_t first_layer);
  std::vector<float> embed_tokens(std::span<const formats::Token> tokens) {
    return encoder_.embed_text(tokens);
  }
  /// Of pixels as Encoder::embed_image() takes them.
  std::vector<float> embed_pixels(std::span<const float> pixels) {
    return encoder_.embed_image(pixels);
  }
  std::vector<float> embed_picture(const pictures::Picture& picture);
  model::MemoryEstimate memory() const {
    return encoder::Encoder::estimate(bundle_.info(), kernels_);
  }

 private:
  const kernels::KernelSet& kernels_;
  mutable ThreadPool pool_;
  formats::Bundle bundle_;
  encoder::Encoder encoder_;
  tokenizer::Tokenizer tokenizer_;
};

}  // namespace crayon::engine
