#include "runtime/model/attention.h"

#include <algorithm>

namespace crayon::model {

Attention::Attention(const Weights& weights, Session::State& state, std::size_t tokens)
    : weights_(weights),
      config_(weights.config),
      compute_(weights.compute),
      kernels_(*weights.compute.kernels),
      state_(state),
      scratch_(state.scratch),
      tokens_(tokens) {}

void Attention::run(std::uint32_t layer) {
  rotate_and_store(layer);
  attend(layer);
}

void Attention::rotate_and_store(std::uint32_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  const RopeTable* rope = state_.rotation.of(layer);
  compute_.parallel(tokens_, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      const std::uint32_t position = state_.position + static_cast<std::uint32_t>(t);
      float* key = scratch_.keys.data() + t * config_.kv_dim();
      prepare(scratch_.queries.data() + t * config_.query_dim(), config_.heads, weights.q_norm,
              rope, position);
      prepare(key, config_.kv_heads, weights.k_norm, rope, position);
      state_.cache.store(layer, position, key, scratch_.values.data() + t * config_.kv_dim(),
                         kernels_);
    }
  });
}

void Attention::prepare(float* row, std::uint32_t heads, const AlignedArray<float>& norm,
                        const RopeTable* rope, std::uint32_t position) {
  for (std::uint32_t h = 0; h < heads; ++h) {
    float* const head = row + std::size_t{h} * config_.head_dim;
    if (config_.qk_norm) {
      kernels_.rms_norm(head, norm.data(), config_.head_dim, config_.norm_eps, head);
    }
    if (rope != nullptr) {
      kernels_.rope_half(head, rope->cos(position), rope->sin(position), rope->half());
    }
  }
}

void Attention::attend(std::uint32_t layer) {
  // Shared out by heads: each has its own row of scores, and all of them see the same lengths.
  const std::uint32_t heads_per_kv_head = config_.heads / config_.kv_heads;
  const std::uint32_t window = config_.is_windowed(layer) ? config_.window : state_.cache.context();
  compute_.parallel(config_.heads, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t head = begin; head < end; ++head) {
      const auto kv_head = static_cast<std::uint32_t>(head) / heads_per_kv_head;
      float* scores = scratch_.scores.data() + head * state_.cache.context();
      for (std::size_t t = 0; t < tokens_; ++t) {
        const std::size_t at = t * config_.query_dim() + head * config_.head_dim;
        // Itself and those before it.
        const std::uint32_t visible = state_.position + static_cast<std::uint32_t>(t) + 1;
        state_.cache.attend(layer, kv_head, visible - std::min(visible, window), visible,
                            scratch_.queries.data() + at, scores, scratch_.input.data() + at,
                            kernels_);
      }
    }
  });
}

}  // namespace crayon::model
