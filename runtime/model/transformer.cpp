#include "runtime/model/transformer.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "runtime/model/attention.h"

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
  embed();
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    attention_block(layer);
    mlp_block(layer);
  }
  state_.position += static_cast<std::uint32_t>(tokens_.size());
}

void Step::embed() {
  std::int8_t* const unpacked = scratch_.unpacked.data();
  weights_.embed(tokens_, unpacked, scratch_.residual.data());
  if (config_.positions != formats::Positions::learned) {
    return;
  }
  float* const row = scratch_.projected.data();
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    weights_.position_embedding.read_row(state_.position + t, kernels_, unpacked, row);
    kernels_.axpy_f32(1.0f, row, scratch_.residual.data() + t * config_.dim, config_.dim);
  }
}

void Step::attention_block(std::uint32_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  const std::array maps = {map(layer, Projection::q, scratch_.queries.data()),
                           map(layer, Projection::k, scratch_.keys.data()),
                           map(layer, Projection::v, scratch_.values.data())};
  const LinearGroup qkv = group(layer, MapGroup::qkv, maps, scratch_.input.data());
  RangeWork produce = [&](Range tokens) { normalise(weights.attention_norm, tokens); };
  watch(layer, MapGroup::qkv, qkv, produce);
  apply(qkv, produce, scratch_.linear, compute_);
  Attention(weights_, state_, tokens_.size()).run(layer);
  project_to_residual(layer, MapGroup::o, Projection::o, scratch_.input.data(),
                      weights.attention_post_norm);
}

void Step::mlp_block(std::uint32_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  const std::array maps = {map(layer, Projection::gate, scratch_.gate.data()),
                           map(layer, Projection::up, scratch_.up.data())};
  const LinearGroup gate_up =
      group(layer, MapGroup::gate_up, std::span(maps).subspan(config_.gated ? 0 : 1),
            scratch_.input.data());
  RangeWork produce = [&](Range tokens) { normalise(weights.mlp_norm, tokens); };
  watch(layer, MapGroup::gate_up, gate_up, produce);
  apply_and_consume(
      gate_up, produce, [&](Range rows) { activate(rows); }, scratch_.linear, compute_);
  project_to_residual(layer, MapGroup::down, Projection::down, scratch_.up.data(),
                      weights.mlp_post_norm);
}

void Step::head(Logits wanted, float* logits) {
  if (wanted == Logits::none) {
    return;
  }
  const std::size_t skipped = wanted == Logits::last ? tokens_.size() - 1 : 0;
  const std::size_t rows = tokens_.size() - skipped;
  const LinearMap map{&weights_.head(), nullptr, logits};
  apply(
      {{&map, 1}, nullptr, scratch_.input.data() + skipped * config_.dim, rows},
      [&](Range tokens) {
        normalise(weights_.output_norm, {skipped + tokens.begin, skipped + tokens.end});
      },
      scratch_.linear, compute_);
  if (config_.logit_softcap != 0.0f) {
    kernels_.soft_cap(logits, rows * config_.vocab_size, config_.logit_softcap);
  }
}

void Step::normalise(const NormWeights& norm, Range tokens) {
  const std::size_t dim = config_.dim;
  for (std::size_t t = tokens.begin; t < tokens.end; ++t) {
    weights_.normalise(norm, scratch_.residual.data() + t * dim, scratch_.input.data() + t * dim);
  }
}

LinearMap Step::map(std::uint32_t layer, Projection which, float* y) const {
  const LayerWeights& weights = weights_.layers[layer];
  return {&weights.at(which), weights.bias(which), y};
}

LinearGroup Step::group(std::uint32_t layer, MapGroup which, std::span<const LinearMap> maps,
                        const float* x) const {
  return {maps, state_.adapters.at(layer, which), x, tokens_.size()};
}

void Step::project_to_residual(std::uint32_t layer, MapGroup which, Projection projection,
                               const float* x, const NormWeights& post_norm) {
  LinearMap to_residual = map(layer, projection, scratch_.residual.data());
  to_residual.add = !config_.post_norms;
  if (config_.post_norms) {
    to_residual.y = scratch_.projected.data();
  }
  const LinearGroup maps = group(layer, which, {&to_residual, 1}, x);
  RangeWork nothing;
  watch(layer, which, maps, nothing);
  apply(maps, nothing, scratch_.linear, compute_);
  if (!config_.post_norms) {
    return;
  }
  const std::size_t dim = config_.dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      float* const added = scratch_.projected.data() + t * dim;
      weights_.normalise(post_norm, added, added);
      kernels_.axpy_f32(1.0f, added, scratch_.residual.data() + t * dim, dim);
    }
  });
}

void Step::watch(std::uint32_t layer, MapGroup which, const LinearGroup& maps, RangeWork& produce) {
  if (!state_.watcher) {
    return;
  }
  if (produce) {
    produce({0, tokens_.size()});
    produce = nullptr;
  }
  const std::size_t inputs = maps.maps.front().weights->inputs();
  for (const Projection projection : projections(which, config_)) {
    state_.watcher(layer, projection, {maps.x, maps.tokens * inputs});
  }
}

void Step::activate(Range rows) {
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    const std::size_t at = t * config_.hidden_dim + rows.begin;
    float* const up = scratch_.up.data() + at;
    activate(scratch_.gate.data() + at, up, up, rows.size());
  }
}

void Step::activate(const float* gate, const float* up, float* out, std::size_t n) {
  switch (config_.activation) {
    case formats::Activation::silu:
      return config_.gated ? kernels_.silu_mul(gate, up, out, n) : kernels_.silu(up, out, n);
    case formats::Activation::gelu_tanh:
      return config_.gated ? kernels_.gelu_tanh_mul(gate, up, out, n)
                           : kernels_.gelu_tanh(up, out, n);
  }
}

}  // namespace crayon::model
