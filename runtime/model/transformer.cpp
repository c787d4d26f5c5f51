#include "runtime/model/transformer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>

#include "runtime/model/attention.h"

namespace crayon::model {

using formats::Projection;

Step::Step(const Weights& weights, Scratch& scratch, std::span<const StepPart> parts)
    : weights_(weights),
      config_(weights.config),
      compute_(weights.compute),
      kernels_(*weights.compute.kernels),
      scratch_(scratch),
      parts_(parts),
      tokens_(parts.back().range().end) {
  assert(tokens_ != 0 && tokens_ <= step_tokens(weights.config, weights.config.max_context));
}

void Step::run(std::uint32_t layers) {
  embed();
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    attention_block(layer);
    mlp_block(layer);
    watch_residual(layer);
  }
  for (const StepPart& part : parts_) {
    part.state->position += static_cast<std::uint32_t>(part.count);
  }
}

void Step::embed() {
  for (const StepPart& part : parts_) {
    float* const rows = scratch_.residual.data() + part.first * config_.dim;
    if (part.patches != nullptr) {
      embed_patches(part);
    } else {
      weights_.embed(part.tokens, scratch_.unpacked.data(), rows);
    }
    if (config_.positions == formats::Positions::learned) {
      add_positions(part);
    }
    for (std::size_t t = 0; config_.input_norm && t < part.count; ++t) {
      float* const row = rows + t * config_.dim;
      weights_.normalise(weights_.input_norm, row, row);
    }
  }
}

void Step::embed_patches(const StepPart& part) {
  float* const rows = scratch_.residual.data();
  std::ranges::copy(weights_.class_embedding, rows);
  const LinearMap map{&weights_.patch_embedding, nullptr, rows + config_.dim};
  apply({{&map, 1}, {}, part.patches, part.count - 1}, {}, scratch_.linear, compute_);
}

void Step::add_positions(const StepPart& part) {
  float* const position = scratch_.projected.data();
  for (std::size_t t = 0; t < part.count; ++t) {
    weights_.position_embedding.read_row(part.state->position + t, kernels_,
                                         scratch_.unpacked.data(), position);
    kernels_.axpy_f32(1.0f, position, scratch_.residual.data() + (part.first + t) * config_.dim,
                      config_.dim);
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
  Attention(weights_, scratch_, parts_).run(layer);
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
                        const float* x) {
  std::vector<LowRankRun>& runs = scratch_.low_rank_runs;
  runs.clear();
  for (const StepPart& part : parts_) {
    if (const LowRankGroup* const its = part.state->adapters.at(layer, which)) {
      runs.push_back({its, part.range()});
    }
  }
  return {maps, runs, x, tokens_, weights_.layers[layer].range(which)};
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
  compute_.parallel(tokens_, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      float* const added = scratch_.projected.data() + t * dim;
      weights_.normalise(post_norm, added, added);
      kernels_.axpy_f32(1.0f, added, scratch_.residual.data() + t * dim, dim);
    }
  });
}

void Step::watch(std::uint32_t layer, MapGroup which, const LinearGroup& maps, RangeWork& produce) {
  const std::size_t inputs = maps.maps.front().weights->inputs();
  for (const StepPart& part : parts_) {
    if (!part.state->watcher) {
      continue;
    }
    if (produce) {
      produce({0, tokens_});
      produce = nullptr;
    }
    for (const Projection projection : projections(which, config_)) {
      part.state->watcher(layer, projection, {maps.x + part.first * inputs, part.count * inputs});
    }
  }
}

void Step::watch_residual(std::uint32_t layer) {
  for (const StepPart& part : parts_) {
    if (part.state->layer_watcher) {
      const std::size_t dim = config_.dim;
      part.state->layer_watcher(layer,
                                {scratch_.residual.data() + part.first * dim, part.count * dim});
    }
  }
}

void Step::activate(Range rows) {
  for (std::size_t t = 0; t < tokens_; ++t) {
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
    case formats::Activation::gelu_quick:
      return kernels_.gelu_quick(up, out, n);
    case formats::Activation::gelu_erf:
      return kernels_.gelu_erf(up, out, n);
  }
}

void write_logits(const Weights& weights, const float* residual, std::size_t rows, float* logits,
                  Scratch& scratch) {
  const formats::ModelConfig& config = weights.config;
  const std::size_t dim = config.dim;
  float* const input = scratch.input.data();
  const auto normalise = [&](Range part) {
    for (std::size_t r = part.begin; r < part.end; ++r) {
      weights.normalise(weights.output_norm, residual + r * dim, input + r * dim);
    }
  };
  const LinearMap map{&weights.head(), nullptr, logits};
  apply({{&map, 1}, {}, input, rows}, std::cref(normalise), scratch.linear, weights.compute);
  if (config.logit_softcap != 0.0f) {
    weights.compute.kernels->soft_cap(logits, rows * config.vocab_size, config.logit_softcap);
  }
}

void write_output(const Weights& weights, const float* residual, float* y, Scratch& scratch) {
  float* const input = scratch.input.data();
  weights.normalise(weights.output_norm, residual, input);
  const LinearMap map{&weights.output_projection, nullptr, y};
  apply({{&map, 1}, {}, input, 1}, {}, scratch.linear, weights.compute);
}

}  // namespace crayon::model
