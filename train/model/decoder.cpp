#include "train/model/decoder.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

bool writes_residual(Projection which) {
  return which == Projection::o || which == Projection::down;
}

/// The tensors of all of a folder's files.
std::map<std::string, torch::Tensor> read_shards(const std::filesystem::path& folder) {
  const std::filesystem::path index = folder / "model.safetensors.index.json";
  if (!std::filesystem::exists(index)) {
    return read_tensors(folder / "model.safetensors").tensors;
  }
  constexpr std::uint64_t index_limit = std::uint64_t{64} << 20;
  const auto json = nlohmann::json::parse(read_text(index, index_limit), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw Error(Code::malformed, index.string() + " has no weight_map", "get the model again");
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string() || file.get<std::string>().find('/') != std::string::npos) {
      throw Error(Code::malformed,
                  fmt::format("{}: the file of {} is no file name", index.string(), tensor),
                  "get the model again");
    }
    names.insert(file.get<std::string>());
  }
  std::map<std::string, torch::Tensor> tensors;
  for (const std::string& name : names) {
    tensors.merge(read_tensors(folder / name).tensors);
  }
  return tensors;
}

/// Weights of these sizes with nothing in them.
Weights empty(const Config& config) {
  Weights weights;
  weights.config = config;
  weights.embedding = torch::empty({config.vocab, config.dim});
  weights.norm = torch::ones({config.dim});
  weights.head = config.tied_head ? weights.embedding : torch::empty({config.vocab, config.dim});
  weights.layers.resize(static_cast<std::size_t>(config.layers));
  for (Layer& layer : weights.layers) {
    for (const Projection which : all_projections) {
      const Size size = size_of(config, which);
      layer.at(which) = torch::empty({size.outputs, size.inputs});
    }
    layer.attention_norm = torch::ones({config.dim});
    layer.mlp_norm = torch::ones({config.dim});
  }
  return weights;
}

}  // namespace

const char* projection_name(Projection which) {
  static constexpr std::array names = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                       "self_attn.o_proj", "mlp.gate_proj",    "mlp.up_proj",
                                       "mlp.down_proj"};
  return names[static_cast<std::size_t>(which)];
}

Size size_of(const Config& config, Projection which) {
  switch (which) {
    case Projection::q:
      return {config.query_dim(), config.dim};
    case Projection::k:
    case Projection::v:
      return {config.kv_dim(), config.dim};
    case Projection::o:
      return {config.dim, config.query_dim()};
    case Projection::gate:
    case Projection::up:
      return {config.hidden, config.dim};
    case Projection::down:
      return {config.dim, config.hidden};
  }
  return {0, 0};
}

Weights Weights::random(const Config& config, std::uint64_t seed) {
  check(config);
  Weights weights = empty(config);
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  constexpr double deviation = 0.02;
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(config.layers));
  weights.embedding.normal_(0, deviation, generator);
  if (!config.tied_head) {
    weights.head.normal_(0, deviation, generator);
  }
  for (Layer& layer : weights.layers) {
    for (const Projection which : all_projections) {
      layer.at(which).normal_(0, writes_residual(which) ? residual : deviation, generator);
    }
  }
  return weights;
}

Weights Weights::load(const std::filesystem::path& folder) {
  Weights weights = empty(read_config(folder));
  const std::map<std::string, torch::Tensor> tensors = read_shards(folder);
  for (const auto& [name, parameter] : weights.named()) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      throw Error(Code::missing_tensor, fmt::format("{} has no tensor {}", folder.string(), name),
                  "get the model again; config.json and weights must be of one model");
    }
    if (found->second.sizes() != parameter->sizes()) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: the tensor {} does not have the shape that config.json gives",
                              folder.string(), name),
                  "get the model again; config.json and weights must be of one model");
    }
    parameter->copy_(found->second);
  }
  return weights;
}

void Weights::save(const std::filesystem::path& folder, torch::ScalarType type) const {
  std::filesystem::create_directories(folder);
  Weights copy = *this;  // of the handles
  TensorFile file;
  file.metadata["format"] = "pt";
  for (const auto& [name, parameter] : copy.named()) {
    file.tensors[name] = parameter->detach().to(type);
  }
  write_tensors(file, folder / "model.safetensors");
  write_text(folder / "config.json", config_json(config));
}

std::vector<std::pair<std::string, torch::Tensor*>> Weights::named() {
  std::vector<std::pair<std::string, torch::Tensor*>> all;
  all.emplace_back("model.embed_tokens.weight", &embedding);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string prefix = fmt::format("model.layers.{}.", i);
    for (const Projection which : all_projections) {
      all.emplace_back(fmt::format("{}{}.weight", prefix, projection_name(which)),
                       &layers[i].at(which));
    }
    all.emplace_back(prefix + "input_layernorm.weight", &layers[i].attention_norm);
    all.emplace_back(prefix + "post_attention_layernorm.weight", &layers[i].mlp_norm);
  }
  all.emplace_back("model.norm.weight", &norm);
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
  for (std::int64_t i = 0; i < layers; ++i) {
    // Old layer s stands where the run of new layers that are copies of it begins.
    const std::int64_t source = i * old / layers;
    const bool is_new = i > 0 && (i - 1) * old / layers == source;
    Layer layer = weights.layers[static_cast<std::size_t>(source)];
    for (torch::Tensor& weight : layer.weights) {
      weight = weight.clone();
    }
    layer.attention_norm = layer.attention_norm.clone();
    layer.mlp_norm = layer.mlp_norm.clone();
    if (is_new) {
      layer.at(Projection::o).zero_();
      layer.at(Projection::down).zero_();
    }
    grown.layers.push_back(layer);
  }
  return grown;
}

}  // namespace crayon::train
