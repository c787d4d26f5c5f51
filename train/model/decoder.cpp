#include "train/model/decoder.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace crayon::train {
namespace {

bool writes_residual(Projection which) {
  return which == Projection::o || which == Projection::down;
}

void append_norm(NamedParameters& all, const std::string& name, Norm& norm) {
  all.emplace_back(name + ".weight", &norm.gain);
  if (norm.bias.defined()) {
    all.emplace_back(name + ".bias", &norm.bias);
  }
}

Norm clone(const Norm& norm) {
  return {norm.gain.clone(), norm.bias.defined() ? norm.bias.clone() : norm.bias};
}

/// A copy of a layer that shares nothing with it.
Layer clone(Layer layer) {
  for (auto* tensors : {&layer.weights, &layer.biases}) {
    for (torch::Tensor& tensor : *tensors) {
      tensor = tensor.defined() ? tensor.clone() : tensor;
    }
  }
  layer.attention_norm = clone(layer.attention_norm);
  layer.mlp_norm = clone(layer.mlp_norm);
  return layer;
}

/// What a layer writes into the residual stream becomes nothing.
void silence(Layer& layer) {
  for (const Projection which : {Projection::o, Projection::down}) {
    layer.at(which).zero_();
    if (layer.bias(which).defined()) {
      layer.bias(which).zero_();
    }
  }
}

Norm unit_norm(const Config& config) {
  return {torch::ones({config.dim}),
          config.layer_norm() ? torch::zeros({config.dim}) : torch::Tensor()};
}

}  // namespace

Weights Weights::empty(const Config& config) {
  Weights weights;
  weights.config = config;
  weights.embedding = torch::empty({config.vocab, config.dim});
  if (config.learned_positions()) {
    weights.positions = torch::empty({config.context, config.dim});
  }
  weights.norm = unit_norm(config);
  weights.head = config.tied_head ? weights.embedding : torch::empty({config.vocab, config.dim});
  weights.layers.resize(static_cast<std::size_t>(config.layers));
  for (Layer& layer : weights.layers) {
    for (const Projection which : config.projections()) {
      const Size size = size_of(config, which);
      layer.at(which) = torch::empty({size.outputs, size.inputs});
      if (config.has_bias(which)) {
        layer.bias(which) = torch::zeros({size.outputs});
      }
    }
    layer.attention_norm = unit_norm(config);
    layer.mlp_norm = unit_norm(config);
  }
  return weights;
}

Weights Weights::random(const Config& config, std::uint64_t seed) {
  check(config);
  Weights weights = empty(config);
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  constexpr double deviation = 0.02;
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(config.layers));
  weights.embedding.normal_(0, deviation, generator);
  if (config.learned_positions()) {
    weights.positions.normal_(0, deviation, generator);
  }
  if (!config.tied_head) {
    weights.head.normal_(0, deviation, generator);
  }
  for (Layer& layer : weights.layers) {
    for (const Projection which : config.projections()) {
      layer.at(which).normal_(0, writes_residual(which) ? residual : deviation, generator);
    }
  }
  return weights;
}

NamedParameters Weights::named() {
  NamedParameters all;
  all.emplace_back("model.embed_tokens.weight", &embedding);
  if (config.learned_positions()) {
    all.emplace_back("model.embed_positions.weight", &positions);
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string prefix = fmt::format("model.layers.{}.", i);
    for (const Projection which : config.projections()) {
      const std::string name = prefix + projection_name(which);
      all.emplace_back(name + ".weight", &layers[i].at(which));
      if (config.has_bias(which)) {
        all.emplace_back(name + ".bias", &layers[i].bias(which));
      }
    }
    append_norm(all, prefix + "input_layernorm", layers[i].attention_norm);
    append_norm(all, prefix + "post_attention_layernorm", layers[i].mlp_norm);
  }
  append_norm(all, "model.norm", norm);
  if (!config.tied_head) {
    all.emplace_back("lm_head.weight", &head);
  }
  return all;
}

void Weights::to(torch::Device device) {
  for (const auto& [name, parameter] : named()) {
    *parameter = parameter->to(device);
  }
  if (config.tied_head) {
    head = embedding;
  }
}

void Weights::require_grad(bool wanted) {
  for (const auto& [name, parameter] : named()) {
    parameter->requires_grad_(wanted);
  }
}

Weights grow(const Weights& weights, std::int64_t layers) {
  const std::int64_t old = weights.config.layers;
  if (layers < old) {
    throw Error(Code::bad_argument,
                fmt::format("the model has {} layers and cannot grow to {}", old, layers),
                "name as many layers or more");
  }
  Weights grown = weights;
  grown.config.layers = layers;
  grown.layers.clear();
  grown.config.windows.clear();
  for (std::int64_t i = 0; i < layers; ++i) {
    // Old layer s stands where the run of new layers that are copies of it begins.
    const std::int64_t source = i * old / layers;
    const bool is_new = i > 0 && (i - 1) * old / layers == source;
    Layer layer = clone(weights.layers[static_cast<std::size_t>(source)]);
    if (is_new) {
      silence(layer);
    }
    grown.layers.push_back(layer);
    if (!weights.config.windows.empty()) {
      grown.config.windows.push_back(weights.config.window(static_cast<std::size_t>(source)));
    }
  }
  return grown;
}

}  // namespace crayon::train
