#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_config.h"
#include "runtime/model/compute.h"
#include "runtime/model/linear/factor_stacks.h"
#include "runtime/model/matrix.h"
#include "runtime/model/model.h"

namespace crayon::model {

struct NormWeights {
  AlignedArray<float> weight;  ///< [width]
  AlignedArray<float> bias;    ///< [width] of a LayerNorm, else empty
};

/// What a model has not is empty.
struct LayerWeights {
  NormWeights attention_norm, attention_post_norm, mlp_norm, mlp_post_norm;  ///< of width dim
  AlignedArray<float> q_norm, k_norm;                                        ///< [head_dim]
  std::array<Matrix, formats::all_projections.size()> projections;
  std::array<AlignedArray<float>, formats::all_projections.size()> biases;  ///< [outputs]

  const Matrix& at(formats::Projection which) const {
    return projections[static_cast<std::size_t>(which)];
  }
  /// Null where the projection has none.
  const float* bias(formats::Projection which) const {
    const AlignedArray<float>& values = biases[static_cast<std::size_t>(which)];
    return values.size() == 0 ? nullptr : values.data();
  }
};

/// Everything of a model that is read and never written.
struct Weights {
  formats::ModelConfig config;
  formats::Hash id{};
  Compute compute;
  Matrix token_embedding;     ///< [vocab][dim]
  Matrix position_embedding;  ///< [max_context][dim] of learned positions, else empty
  Matrix output_head;         ///< [vocab][dim]; empty when the head is the token embedding
  NormWeights output_norm;    ///< of width dim
  std::vector<LayerWeights> layers;

  /// The int8 forms of adapters that sessions run with.
  mutable FactorStacks factor_stacks;

  /// Whether the projections are int8 or int4.
  bool layers_are_quantized() const;
  const Matrix& head() const { return config.tied_head ? token_embedding : output_head; }

  /// The embeddings of `tokens`, without positions, into x [tokens][dim]; `unpacked` [dim] is
  /// scratch. The ids are in range.
  void embed(std::span<const Token> tokens, std::int8_t* unpacked, float* x) const;
  /// y [dim] = norm of x [dim]; y may be x.
  void normalise(const NormWeights& norm, const float* x, float* y) const;
};

/// Loads every tensor that the configuration asks for, several at once on `compute`'s threads.
/// Throws what Matrix::load does, and bad_argument for a bundle of another kind.
std::unique_ptr<Weights> load_weights(const formats::Bundle& bundle, const Compute& compute);

/// Bytes that load_weights() keeps.
std::uint64_t weight_bytes(const formats::BundleInfo& info, const kernels::Layout& layout);

/// The model configuration of a bundle, checked; throws bad_argument when it holds no model.
const formats::ModelConfig& model_config(const formats::BundleInfo& info);

}  // namespace crayon::model
