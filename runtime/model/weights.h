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
#include "runtime/model/weight_memory.h"
#include "runtime/model/weight_plan.h"

namespace crayon::model {

struct NormWeights {
  std::span<const float> weight;  ///< [width]
  std::span<const float> bias;    ///< [width] of a LayerNorm, else empty
};

/// Views of Weights::memory. What a model has not is empty.
struct LayerWeights {
  NormWeights attention_norm, attention_post_norm, mlp_norm, mlp_post_norm;  ///< of width dim
  std::span<const float> q_norm, k_norm;                                     ///< [head_dim]
  std::array<Matrix, formats::all_projections.size()> projections;
  std::array<std::span<const float>, formats::all_projections.size()> biases;  ///< [outputs]
  std::span<const float> activation_ranges;  ///< [map_groups] of static ranges, else empty

  const Matrix& at(formats::Projection which) const {
    return projections[static_cast<std::size_t>(which)];
  }
  /// Null where the projection has none.
  const float* bias(formats::Projection which) const {
    const std::span<const float> values = biases[static_cast<std::size_t>(which)];
    return values.empty() ? nullptr : values.data();
  }
  /// Of what a group reads in int8; 0: each token has its own.
  float range(MapGroup group) const {
    return activation_ranges.empty() ? 0.0f : activation_ranges[static_cast<std::size_t>(group)];
  }
};

/// Everything of a model that is read and never written.
struct Weights {
  formats::ModelConfig config;
  formats::Hash id{};
  Compute compute;
  std::shared_ptr<const WeightMemory> memory;  ///< both towers of an encoder share theirs
  Matrix token_embedding;                      ///< [vocab][dim]; empty in a tower that reads images
  Matrix position_embedding;  ///< [max_context][dim] of learned positions, else empty
  Matrix patch_embedding;     ///< [dim][patch_dim] of a tower that reads images, else empty
  std::span<const float> class_embedding;  ///< [dim] likewise
  NormWeights input_norm;                  ///< of width dim, where the model has one
  Matrix output_head;        ///< [vocab][dim]; empty when the head is the token embedding
  Matrix output_projection;  ///< [output_dim][dim] of an encoder's tower, else empty
  NormWeights output_norm;   ///< of width dim
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

/// Every tensor that the configuration asks for: from the bundle's image where there is one that
/// fits, else decoded on `compute`'s threads. Throws what WeightPlan and load_packed do.
std::unique_ptr<Weights> load_weights(const formats::Bundle& bundle, const Compute& compute);

/// The same of a dual encoder.
struct TowerWeights {
  std::unique_ptr<Weights> text;
  std::unique_ptr<Weights> image;
};
TowerWeights load_tower_weights(const formats::Bundle& bundle, const Compute& compute);

/// Bytes that load_weights() keeps, or maps.
std::uint64_t weight_bytes(const formats::BundleInfo& info, const kernels::Layout& layout);

}  // namespace crayon::model
