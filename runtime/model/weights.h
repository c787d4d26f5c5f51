#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_config.h"
#include "runtime/model/compute.h"
#include "runtime/model/matrix.h"
#include "runtime/model/model.h"

namespace crayon::model {

struct LayerWeights {
  AlignedArray<float> attention_norm;  ///< [dim]
  AlignedArray<float> mlp_norm;        ///< [dim]
  std::array<Matrix, formats::all_projections.size()> projections;

  const Matrix& at(formats::Projection which) const {
    return projections[static_cast<std::size_t>(which)];
  }
};

/// Everything of a model that is read and never written.
struct Weights {
  formats::ModelConfig config;
  formats::Hash id{};
  Compute compute;
  Matrix token_embedding;           ///< [vocab][dim]
  Matrix output_head;               ///< [vocab][dim]; empty when the head is the token embedding
  AlignedArray<float> output_norm;  ///< [dim]
  std::vector<LayerWeights> layers;

  const Matrix& head() const { return config.tied_head ? token_embedding : output_head; }

  /// The embeddings of `tokens` into x [tokens][dim]; `unpacked` [dim] is scratch. The ids are
  /// in range.
  void embed(std::span<const Token> tokens, std::int8_t* unpacked, float* x) const;
};

/// Loads every tensor that the configuration asks for, several at once on `compute`'s threads.
/// Throws what Matrix::load does, and bad_argument for a bundle of another kind.
std::unique_ptr<Weights> load_weights(const formats::Bundle& bundle, const Compute& compute);

/// Bytes that load_weights() keeps.
std::uint64_t weight_bytes(const formats::BundleInfo& info, const kernels::Layout& layout);

/// The model configuration of a bundle, checked; throws bad_argument when it holds no model.
const formats::ModelConfig& model_config(const formats::BundleInfo& info);

}  // namespace crayon::model
