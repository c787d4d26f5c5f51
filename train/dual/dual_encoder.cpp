#include "train/dual/dual_encoder.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

constexpr std::array block_projections = {Projection::q, Projection::k,  Projection::v,
                                          Projection::o, Projection::up, Projection::down};

const char* stored_name(Projection which) {
  switch (which) {
    case Projection::o:
      return "self_attn.out_proj";
    case Projection::up:
      return "mlp.fc1";
    case Projection::down:
      return "mlp.fc2";
    default:
      return projection_name(which);
  }
}

Norm unit_norm(std::int64_t dim) {
  return {torch::ones({dim}), torch::zeros({dim})};
}

Tower empty_tower(const TowerShape& shape, std::int64_t positions, std::int64_t output) {
  Tower tower;
  tower.positions = torch::empty({positions, shape.dim});
  tower.layers.resize(static_cast<std::size_t>(shape.layers));
  for (Layer& layer : tower.layers) {
    for (const Projection which : block_projections) {
      const std::int64_t outputs = which == Projection::up ? shape.hidden : shape.dim;
      const std::int64_t inputs = which == Projection::down ? shape.hidden : shape.dim;
      layer.at(which) = torch::empty({outputs, inputs});
      layer.bias(which) = torch::zeros({outputs});
    }
    layer.attention_norm = unit_norm(shape.dim);
    layer.mlp_norm = unit_norm(shape.dim);
  }
  tower.norm = unit_norm(shape.dim);
  tower.projection = torch::empty({output, shape.dim});
  return tower;
}

void randomise(Tower& tower, const TowerShape& shape, double positions, at::Generator& generator) {
  const double width = std::pow(static_cast<double>(shape.dim), -0.5);
  const double residual = width * std::pow(2.0 * static_cast<double>(shape.layers), -0.5);
  tower.positions.normal_(0, positions, generator);
  tower.projection.normal_(0, width, generator);
  for (Layer& layer : tower.layers) {
    for (const Projection which : block_projections) {
      const bool writes = which == Projection::o || which == Projection::down;
      const double reads = which == Projection::up ? width * std::sqrt(0.5) : width;
      layer.at(which).normal_(0, writes ? residual : reads, generator);
    }
  }
}

void append_norm(NamedParameters& all, const std::string& name, Norm& norm) {
  all.emplace_back(name + ".weight", &norm.gain);
  all.emplace_back(name + ".bias", &norm.bias);
}

void append_layers(NamedParameters& all, const std::string& tower, std::vector<Layer>& layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string prefix = fmt::format("{}.encoder.layers.{}.", tower, i);
    for (const Projection which : block_projections) {
      all.emplace_back(prefix + stored_name(which) + ".weight", &layers[i].at(which));
      all.emplace_back(prefix + stored_name(which) + ".bias", &layers[i].bias(which));
    }
    append_norm(all, prefix + "layer_norm1", layers[i].attention_norm);
    append_norm(all, prefix + "layer_norm2", layers[i].mlp_norm);
  }
}

}  // namespace

DualEncoder DualEncoder::empty(const DualConfig& config) {
  check(config);
  DualEncoder dual;
  dual.config = config;
  dual.text = empty_tower(config.text, config.context, config.output);
  dual.token_embedding = torch::empty({config.vocab, config.text.dim});
  dual.image = empty_tower(config.image, config.patches() + 1, config.output);
  dual.class_embedding = torch::empty({config.image.dim});
  dual.patch_embedding = torch::empty({config.image.dim, 3, config.patch_size, config.patch_size});
  dual.input_norm = unit_norm(config.image.dim);
  dual.logit_scale = torch::empty({});
  return dual;
}

DualEncoder DualEncoder::random(const DualConfig& config, std::uint64_t seed) {
  DualEncoder dual = empty(config);
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  const double width = std::pow(static_cast<double>(config.image.dim), -0.5);
  const auto pixels = static_cast<double>(3 * config.patch_size * config.patch_size);
  dual.token_embedding.normal_(0, 0.02, generator);
  randomise(dual.text, config.text, 0.01, generator);
  dual.class_embedding.normal_(0, width, generator);
  dual.patch_embedding.normal_(0, std::pow(pixels, -0.5), generator);
  randomise(dual.image, config.image, width, generator);
  dual.logit_scale.fill_(std::log(1 / 0.07));
  return dual;
}

NamedParameters DualEncoder::named() {
  NamedParameters all;
  all.emplace_back("text_model.embeddings.token_embedding.weight", &token_embedding);
  all.emplace_back("text_model.embeddings.position_embedding.weight", &text.positions);
  append_layers(all, "text_model", text.layers);
  append_norm(all, "text_model.final_layer_norm", text.norm);
  all.emplace_back("text_projection.weight", &text.projection);
  all.emplace_back("vision_model.embeddings.class_embedding", &class_embedding);
  all.emplace_back("vision_model.embeddings.patch_embedding.weight", &patch_embedding);
  all.emplace_back("vision_model.embeddings.position_embedding.weight", &image.positions);
  append_norm(all, "vision_model.pre_layrnorm", input_norm);  // so it is spelled there
  append_layers(all, "vision_model", image.layers);
  append_norm(all, "vision_model.post_layernorm", image.norm);
  all.emplace_back("visual_projection.weight", &image.projection);
  all.emplace_back("logit_scale", &logit_scale);
  return all;
}

DualEncoder DualEncoder::load(const std::filesystem::path& folder) {
  DualEncoder dual = empty(read_dual_config(folder));
  const TensorFile file = read_tensors(folder / "model.safetensors");
  for (const auto& [name, parameter] : dual.named()) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end()) {
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
  return dual;
}

void DualEncoder::save(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  DualEncoder copy = *this;  // of the handles
  TensorFile file;
  file.metadata["format"] = "pt";
  for (const auto& [name, parameter] : copy.named()) {
    file.tensors[name] = *parameter;
  }
  write_tensors(file, folder / "model.safetensors");
  write_dual_config(config, folder);
}

void DualEncoder::to(torch::Device device) {
  for (const auto& [name, parameter] : named()) {
    *parameter = parameter->detach().to(device);
  }
}

void DualEncoder::require_grad(bool wanted) {
  for (const auto& [name, parameter] : named()) {
    parameter->requires_grad_(wanted);
  }
}

}  // namespace crayon::train
