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

/// The forward pass written down plainly in float64, straight from a model's source: what the
/// runtime is compared with, and shares nothing with. logits [tokens][vocab].
std::vector<double> reference_logits(const formats::ModelSource& source,
                                     std::span<const formats::Token> tokens,
                                     const std::vector<DenseDelta>& deltas = {},
                                     const Extra& extra = {});

/// What Model::embedding() gives: of the first layer's queries before RoPE, or of the residual
/// stream behind some layers; L2-normalised.
std::vector<double> reference_embedding(const formats::ModelSource& source,
                                        std::span<const formats::Token> tokens,
                                        formats::Embedding kind = {});

/// scale * B A of one factor pair: [outputs][inputs].
std::vector<double> dense_product(const formats::SourceLora& factor, double scale);

/// The deltas that an adapter makes when it is merged, times `weight`.
std::vector<DenseDelta> merged(const formats::AdapterSource& adapter, double weight);

}  // namespace crayon::test
