#include "runtime/model/attention.h"

#include <algorithm>

namespace crayon::model {
namespace {

/// How finely `count` rows are shared out. Few of them, as in decoding, in one piece a thread; many
/// in pieces of 24, or better 48, which are whole tiles of every kernel set, and enough to pay for
/// the conversion of keys and values.
std::size_t rows_at_once(std::size_t count, std::size_t threads) {
  constexpr std::size_t piece = 24;
  if (count < 2 * piece * threads) {
    return (count + threads - 1) / threads;
  }
  return count < 8 * piece * threads ? piece : 2 * piece;
}

}  // namespace

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
  const std::uint32_t reached = state_.position + static_cast<std::uint32_t>(tokens_);
  state_.rotation.extend(reached);
  state_.cache.extend(reached);
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

void Attention::prepare(float* row, std::uint32_t heads, std::span<const float> norm,
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
  // Rows of queries, one KV head's behind the other's, so that the rows that a thread has at a time
  // read their keys and values together.
  const std::size_t rows = tokens_ * (config_.heads / config_.kv_heads);
  const std::size_t count = config_.kv_heads * rows;
  compute_.parallel(
      count, rows_at_once(count, compute_.pool->size()), [&](std::size_t begin, std::size_t end) {
        while (begin < end) {
          const std::size_t head = begin / rows;
          const std::size_t last = std::min(end, (head + 1) * rows);
          state_.cache.attend(
              layer,
              {scratch_.queries.data(), scratch_.input.data(), state_.position,
               static_cast<std::uint32_t>(head), begin - head * rows, last - head * rows},
              kernels_);
          begin = last;
        }
      });
}

}  // namespace crayon::model
