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

Attention::Attention(const Weights& weights, Scratch& scratch, std::span<const StepPart> parts)
    : weights_(weights),
      config_(weights.config),
      compute_(weights.compute),
      kernels_(*weights.compute.kernels),
      scratch_(scratch),
      parts_(parts),
      tokens_(parts.back().range().end) {}

void Attention::run(std::uint32_t layer) {
  rotate_and_store(layer);
  show_queries(layer);
  attend(layer);
}

void Attention::show_queries(std::uint32_t layer) {
  const std::size_t dim = config_.query_dim();
  for (const StepPart& part : parts_) {
    if (part.state->query_watcher) {
      part.state->query_watcher(layer,
                                {scratch_.queries.data() + part.first * dim, part.count * dim});
    }
  }
}

void Attention::rotate_and_store(std::uint32_t layer) {
  for (const StepPart& part : parts_) {
    const auto reached = part.state->position + static_cast<std::uint32_t>(part.count);
    part.state->rotation.extend(reached);
    part.state->cache.extend(reached);
  }
  compute_.parallel(tokens_, 1, [&](std::size_t begin, std::size_t end) {
    for (const StepPart& part : parts_) {
      rotate_and_store(layer, part, overlap({begin, end}, part.range()));
    }
  });
}

void Attention::rotate_and_store(std::uint32_t layer, const StepPart& part, Range tokens) {
  const LayerWeights& weights = weights_.layers[layer];
  const RopeTable* const rope = part.state->rotation.of(layer);
  for (std::size_t t = tokens.begin; t < tokens.end; ++t) {
    const auto position = part.state->position + static_cast<std::uint32_t>(t - part.first);
    float* const key = scratch_.keys.data() + t * config_.kv_dim();
    prepare(scratch_.queries.data() + t * config_.query_dim(), config_.heads, weights.q_norm, rope,
            position);
    prepare(key, config_.kv_heads, weights.k_norm, rope, position);
    part.state->cache.store(layer, position, key, scratch_.values.data() + t * config_.kv_dim(),
                            kernels_);
  }
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
  const std::size_t per_token = config_.heads;
  const std::size_t count = tokens_ * per_token;
  compute_.parallel(
      count, rows_at_once(count, compute_.pool->size()), [&](std::size_t begin, std::size_t end) {
        for (const StepPart& part : parts_) {
          const Range all = part.range();
          const Range rows = overlap({begin, end}, {all.begin * per_token, all.end * per_token});
          if (!rows.empty()) {
            attend(layer, part,
                   {rows.begin - all.begin * per_token, rows.end - all.begin * per_token});
          }
        }
      });
}

void Attention::attend(std::uint32_t layer, const StepPart& part, Range rows) {
  const std::size_t of_head = part.count * (config_.heads / config_.kv_heads);
  const std::size_t first = part.first * config_.query_dim();
  while (!rows.empty()) {
    const std::size_t head = rows.begin / of_head;
    const std::size_t last = std::min(rows.end, (head + 1) * of_head);
    part.state->cache.attend(
        layer,
        {scratch_.queries.data() + first, scratch_.input.data() + first, part.state->position,
         static_cast<std::uint32_t>(head), rows.begin - head * of_head, last - head * of_head,
         config_.causal ? 0 : part.count},
        kernels_);
    rows.begin = last;
  }
}

}  // namespace crayon::model
