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
  normalise(weights.attention_norm);
  project(layer, {{Projection::q, scratch_.queries.data()},
                  {Projection::k, scratch_.keys.data()},
                  {Projection::v, scratch_.values.data()}});
  Attention(weights_, state_, tokens_.size()).run(layer);
  project(layer, {{Projection::o, scratch_.projected.data()}});
  add_to_residual(weights.attention_post_norm);
}

void Step::mlp_block(std::uint32_t layer) {
  const LayerWeights& weights = weights_.layers[layer];
  normalise(weights.mlp_norm);
  if (config_.gated) {
    project(layer,
            {{Projection::gate, scratch_.gate.data()}, {Projection::up, scratch_.up.data()}});
  } else {
    project(layer, {{Projection::up, scratch_.up.data()}});
  }
  activate();
  project(layer, {{Projection::down, scratch_.projected.data()}});
  add_to_residual(weights.mlp_post_norm);
}

void Step::head(Logits wanted, float* logits) {
  if (wanted == Logits::none) {
    return;
  }
  normalise(weights_.output_norm);
  const std::size_t skipped = wanted == Logits::last ? tokens_.size() - 1 : 0;
  const std::size_t rows = tokens_.size() - skipped;
  const LinearMap map{&weights_.head(), nullptr, {}, logits};
  apply({&map, 1}, scratch_.input.data() + skipped * config_.dim, rows, scratch_.linear, compute_);
  if (config_.logit_softcap != 0.0f) {
    kernels_.soft_cap(logits, rows * config_.vocab_size, config_.logit_softcap);
  }
}

void Step::normalise(const NormWeights& norm) {
  const std::size_t dim = config_.dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      weights_.normalise(norm, scratch_.residual.data() + t * dim, scratch_.input.data() + t * dim);
    }
  });
}

void Step::project(std::uint32_t layer, std::initializer_list<Part> parts) {
  std::array<LinearMap, most_shared_maps> maps{};
  assert(parts.size() <= maps.size());
  std::size_t count = 0;
  for (const Part& part : parts) {
    maps[count++] = {&weights_.layers[layer].at(part.which),
                     weights_.layers[layer].bias(part.which), state_.low_rank.at(layer, part.which),
                     part.y};
    if (state_.watcher) {
      const std::size_t inputs = maps.front().weights->inputs();
      state_.watcher(layer, part.which, {scratch_.input.data(), tokens_.size() * inputs});
    }
  }
  apply(std::span(maps).first(count), scratch_.input.data(), tokens_.size(), scratch_.linear,
        compute_);
}

void Step::activate() {
  const std::size_t hidden = config_.hidden_dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t at = begin * hidden; at < end * hidden; at += hidden) {
      activate(scratch_.gate.data() + at, scratch_.up.data() + at, scratch_.input.data() + at);
    }
  });
}

void Step::activate(const float* gate, const float* up, float* out) {
  const std::size_t hidden = config_.hidden_dim;
  switch (config_.activation) {
    case formats::Activation::silu:
      return config_.gated ? kernels_.silu_mul(gate, up, out, hidden)
                           : kernels_.silu(up, out, hidden);
    case formats::Activation::gelu_tanh:
      return config_.gated ? kernels_.gelu_tanh_mul(gate, up, out, hidden)
                           : kernels_.gelu_tanh(up, out, hidden);
  }
}

void Step::add_to_residual(const NormWeights& post_norm) {
  const std::size_t dim = config_.dim;
  compute_.parallel(tokens_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      float* const added = scratch_.projected.data() + t * dim;
      if (config_.post_norms) {
        weights_.normalise(post_norm, added, added);
      }
      kernels_.axpy_f32(1.0f, added, scratch_.residual.data() + t * dim, dim);
    }
  });
}

}  // namespace crayon::model
