#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "formats/model_source.h"

namespace crayon::test {

/// Added to one projection's weights: [outputs][inputs].
struct DenseDelta {
  std::uint32_t layer;
  formats::Projection projection;
  std::vector<double> values;
};

/// What is added to a projection's output for its input x; empty: nothing.
using Extra = std::function<std::vector<double>(std::uint32_t layer, formats::Projection projection,
                                                const std::vector<double>& x)>;

/// What keys weigh in attention (Kim et al. 2024, SToRI), by position; empty: nothing.
struct Stress {
  std::span<const float> weights = {};
  std::uint32_t first_layer = 0;
};

/// The forward pass written down plainly in float64, straight from a model's source: what the
/// runtime is compared with, and shares nothing with. logits [tokens][vocab].
std::vector<double> reference_logits(const formats::ModelSource& source,
                                     std::span<const formats::Token> tokens,
                                     const std::vector<DenseDelta>& deltas = {},
                                     const Extra& extra = {}, const Stress& stress = {});

/// What Model::embedding() gives: of the first layer's queries before RoPE, or of the residual
/// stream behind some layers; L2-normalised.
std::vector<double> reference_embedding(const formats::ModelSource& source,
                                        std::span<const formats::Token> tokens,
                                        formats::Embedding kind = {});

/// What a dual encoder makes of a text, and of an image [3][image_size][image_size]: [output_dim],
/// L2-normalised.
std::vector<double> reference_text(const formats::ModelSource& source,
                                   std::span<const formats::Token> tokens,
                                   const Stress& stress = {});
std::vector<double> reference_image(const formats::ModelSource& source,
                                    std::span<const float> pixels);

/// scale * B A of one factor pair: [outputs][inputs].
std::vector<double> dense_product(const formats::SourceLora& factor, double scale);

/// The deltas that an adapter makes when it is merged, times `weight`.
std::vector<DenseDelta> merged(const formats::AdapterSource& adapter, double weight);

}  // namespace crayon::test
