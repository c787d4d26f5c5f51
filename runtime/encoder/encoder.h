#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "formats/bundle.h"
#include "runtime/model/model.h"

namespace crayon::encoder {

using formats::Token;

/// A dual encoder (Radford et al. 2021): texts and images become vectors of length 1 whose cosine
/// says how well they go together. Not for two threads at once.
class Encoder {
 public:
  /// Throws bad_argument for a bundle that holds no encoder, and what loading it throws. `pool`
  /// must outlive the encoder.
  Encoder(const formats::Bundle& bundle, const kernels::KernelSet& kernels, ThreadPool& pool);
  ~Encoder();

  /// Bytes of weights, KV caches and scratch that it will take. Throws as the constructor.
  static model::MemoryEstimate estimate(const formats::BundleInfo& info,
                                        const kernels::KernelSet& kernels);

  const formats::Hash& id() const;    ///< of the bundle
  std::uint32_t dim() const;          ///< of embeddings
  std::uint32_t image_size() const;   ///< pixels of a side
  std::uint32_t most_tokens() const;  ///< of a text
  const formats::PixelScale& pixel_scale() const { return image_.pixels; }
  /// Factor of cosines in front of a softmax over texts or images.
  float logit_scale() const { return image_.logit_scale; }

  /// tokens [1 to max_context], as the tokenizer gives them with its start and end. Returns [dim].
  /// Throws context_full for more, bad_argument for none, for ids out of range and for weights that
  /// are negative or not finite.
  std::vector<float> embed_text(std::span<const Token> tokens,
                                const model::Emphasis& emphasis = {});
  /// pixels [3][image_size][image_size], scaled (formats/pictures/). Returns [dim].
  std::vector<float> embed_image(std::span<const float> pixels);

 private:
  formats::ImageTower image_;
  model::Model::Towers towers_;
  std::unique_ptr<model::Session> text_session_;
  std::unique_ptr<model::Session> image_session_;
};

}  // namespace crayon::encoder
