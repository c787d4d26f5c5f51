#include "runtime/model/transformer.h"

#include <array>
#include <cassert>

namespace crayon::model {

using formats::Projection;

Step::Step(const Weights& weights, Session::State& state, std::span<const Token> tokens)
    : weights_(weights),
      config_(weights.config),
      compute_(weights.compute),
      kernels_(*weights.compute.kernels),
      state_(state),
      scratch_(state.scratch),
      tokens_(tokens) {
  assert(!tokens.empty() && tokens.size() <= prefill_batch);
}

void Step::run(Logits wanted, float* logits) {
  run_first(config_.layers);
  head(wanted, logits);
}

void Step::run_first(std::uint32_t layers) {
  weights_.embed(tokens_, scratch_.linear.quantized.data(), scratch_.residual.data());
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    attention_block(layer);
    mlp_block(layer);
  }
  state_.position += static_cast<std::uint32_t>(tokens_.size());
}

void Step::attention_block(std::uint32_t layer) {
  normalise(weights_.layers[layer].attention_norm);
  project(layer, {{Projection::q, scratch_.queries.data()},
                  {Projection::k, scratch_.keys.data()},
                  {Projection::v, scratch_.values.data()}});
  rotate_and_store(layer);
  attend(layer);
  project(layer, {{Projection::o, scratch_.projected.data()}});
  add_to_residual();
}

void Step::mlp_block(std::uint32_t layer) {
  normalise(weights_.layers[layer].mlp_norm);
  project(layer, {{Projection::gate, scratch_.gate.data()}, {Projection::up, scratch_.up.data()}});
  gate();
  project(layer, {{Projection::down, scratch_.projected.data()}});
  add_to_residual();
}

void Step::head(Logits wanted, float* logits) {
  if (wanted == Logits::none) {
    return;
  }
  normalise(weights_.output_norm);
  const std::size_t skipped = wanted == Logits::last ? tokens_.size() - 1 : 0;
  const LinearMap map{&weights_.head(), {}, logits};
  apply({&map, 1}, scratch_.input.data() + skipped * config_.dim, tokens_.size() - skipped,
        scratch_.linear, compute_);
}

void Step::normalise(const AlignedArray<float>& weight) {
  const std::size_t dim = config_.dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      kernels_.rms_norm(scratch_.residual.data() + t * dim, weight.data(), dim, config_.norm_eps,
                        scratch_.input.data() + t * dim);
    }
  });
}

void Step::project(std::uint32_t layer, std::initializer_list<Part> parts) {
  std::array<LinearMap, most_shared_maps> maps{};
  assert(parts.size() <= maps.size());
  std::size_t count = 0;
  for (const Part& part : parts) {
    maps[count++] = {&weights_.layers[layer].at(part.which), state_.low_rank.at(layer, part.which),
                     part.y};
    if (state_.watcher) {
      const std::size_t inputs = maps.front().weights->inputs();
      state_.watcher(layer, part.which, {scratch_.input.data(), tokens_.size() * inputs});
    }
  }
  apply(std::span(maps).first(count), scratch_.input.data(), tokens_.size(), scratch_.linear,
        compute_);
}

void Step::rotate_and_store(std::uint32_t layer) {
  const std::size_t head_dim = config_.head_dim;
  const RopeTable& rope = state_.rope;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      const std::uint32_t position = state_.position + static_cast<std::uint32_t>(t);
      const auto rotate = [&](float* row, std::uint32_t heads) {
        for (std::uint32_t h = 0; h < heads; ++h) {
          kernels_.rope_half(row + h * head_dim, rope.cos(position), rope.sin(position),
                             rope.half());
        }
      };
      float* key = scratch_.keys.data() + t * config_.kv_dim();
      rotate(scratch_.queries.data() + t * config_.query_dim(), config_.heads);
      rotate(key, config_.kv_heads);
      state_.cache.store(layer, position, key, scratch_.values.data() + t * config_.kv_dim(),
                         kernels_);
    }
  });
}

void Step::attend(std::uint32_t layer) {
  // Shared out by heads: each has its own row of scores, and all of them see the same lengths.
  const std::uint32_t heads_per_kv_head = config_.heads / config_.kv_heads;
  compute_.parallel(config_.heads, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t head = begin; head < end; ++head) {
      const auto kv_head = static_cast<std::uint32_t>(head) / heads_per_kv_head;
      float* scores = scratch_.scores.data() + head * state_.cache.context();
      for (std::size_t t = 0; t < tokens_.size(); ++t) {
        const std::size_t at = t * config_.query_dim() + head * config_.head_dim;
        const std::size_t visible = state_.position + t + 1;  // itself and all before it
        state_.cache.attend(layer, kv_head, visible, scratch_.queries.data() + at, scores,
                            scratch_.input.data() + at, kernels_);
      }
    }
  });
}

void Step::gate() {
  const std::size_t hidden = config_.hidden_dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      kernels_.silu_mul(scratch_.gate.data() + t * hidden, scratch_.up.data() + t * hidden,
                        scratch_.input.data() + t * hidden, hidden);
    }
  });
}

void Step::add_to_residual() {
  const std::size_t dim = config_.dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    kernels_.axpy_f32(1.0f, scratch_.projected.data() + begin * dim,
                      scratch_.residual.data() + begin * dim, (end - begin) * dim);
  });
}

}  // namespace crayon::model
