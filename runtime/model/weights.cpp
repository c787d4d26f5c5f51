#include "runtime/model/weights.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "formats/activation_ranges.h"
#include "formats/error_context.h"
#include "runtime/model/image.h"
#include "runtime/model/weight_loader.h"

namespace crayon::model {
namespace {

using formats::Bundle;

/// Finds the parts of a model in its packed weights.
class Finder {
 public:
  /// Names in the plan begin with `prefix`.
  Finder(const WeightPlan& plan, const kernels::Layout& layout, ByteSpan memory,
         std::string_view prefix)
      : plan_(plan), layout_(layout), memory_(memory), prefix_(prefix) {}

  /// Empty when the model has none of that name.
  Matrix matrix(std::string_view name) const {
    const PlannedTensor* const tensor = plan_.find(std::string(prefix_).append(name));
    if (tensor == nullptr) {
      return {};
    }
    return {tensor->stored.dtype, tensor->stored.shape, layout_,
            memory_.subspan(tensor->offset, tensor->parts.size)};
  }

  // The plan has seen to it that vectors are f32.
  std::span<const float> vector(std::string_view name) const {
    const Matrix found = matrix(name);
    return found.rows() == 0 ? Matrix::F32{} : std::get<Matrix::F32>(found.numbers());
  }

  NormWeights norm(std::string_view name) const {
    return {vector(name), vector(std::string(name) + "_bias")};
  }

  LayerWeights layer(std::uint32_t index) const {
    const auto name = [index](std::string_view part) { return formats::layer_tensor(index, part); };
    LayerWeights layer;
    layer.attention_norm = norm(name("attention_norm"));
    layer.attention_post_norm = norm(name("attention_post_norm"));
    layer.mlp_norm = norm(name("mlp_norm"));
    layer.mlp_post_norm = norm(name("mlp_post_norm"));
    layer.q_norm = vector(name("q_norm"));
    layer.k_norm = vector(name("k_norm"));
    for (const formats::Projection which : formats::all_projections) {
      const auto at = static_cast<std::size_t>(which);
      layer.projections[at] = matrix(formats::projection(index, which));
      layer.biases[at] = vector(formats::projection_bias(index, which));
    }
    const std::string ranges = name(formats::activation_ranges);
    layer.activation_ranges = vector(ranges);
    formats::check_ranges(layer.activation_ranges, ranges);
    return layer;
  }

 private:
  const WeightPlan& plan_;
  const kernels::Layout& layout_;
  ByteSpan memory_;
  std::string_view prefix_;
};

WeightMemory memory_of(const Bundle& bundle, const WeightPlan& plan, const Compute& compute) {
  Image::Opened image = Image(bundle, compute.kernels->layout).open(plan);
  return image.memory ? std::move(*image.memory) : WeightMemory(load_packed(bundle, plan, compute));
}

/// All that a bundle holds, in memory, and views of parts of it.
class Loader {
 public:
  Loader(const Bundle& bundle, const Compute& compute)
      : bundle_(bundle),
        compute_(compute),
        plan_(formats::in_file(bundle.path(),
                               [&] { return WeightPlan(bundle.info(), compute.kernels->layout); })),
        memory_(std::make_shared<const WeightMemory>(memory_of(bundle, plan_, compute))) {}

  std::unique_ptr<Weights> load(const formats::ModelConfig& config, std::string_view prefix) const {
    const Finder find(plan_, compute_.kernels->layout, memory_->bytes(), prefix);
    auto weights = std::make_unique<Weights>();
    weights->config = config;
    weights->id = bundle_.id();
    weights->compute = compute_;
    weights->memory = memory_;
    weights->token_embedding = find.matrix(formats::token_embedding);
    weights->position_embedding = find.matrix(formats::position_embedding);
    weights->patch_embedding = find.matrix(formats::patch_embedding);
    weights->class_embedding = find.vector(formats::class_embedding);
    weights->input_norm = find.norm(formats::input_norm);
    weights->output_head = find.matrix(formats::output_head);
    weights->output_projection = find.matrix(formats::output_projection);
    weights->output_norm = find.norm(formats::output_norm);
    formats::in_file(bundle_.path(), [&] {
      for (std::uint32_t l = 0; l < config.layers; ++l) {
        weights->layers.push_back(find.layer(l));
      }
    });
    return weights;
  }

 private:
  const Bundle& bundle_;
  const Compute& compute_;
  WeightPlan plan_;
  std::shared_ptr<const WeightMemory> memory_;
};

}  // namespace

std::unique_ptr<Weights> load_weights(const Bundle& bundle, const Compute& compute) {
  return Loader(bundle, compute).load(model_config(bundle.info()), {});
}

TowerWeights load_tower_weights(const Bundle& bundle, const Compute& compute) {
  const formats::ImageTower& image = image_tower(bundle.info());
  const Loader loader(bundle, compute);
  return {loader.load(*bundle.info().config, {}), loader.load(image.config, formats::image_prefix)};
}

std::uint64_t weight_bytes(const formats::BundleInfo& info, const kernels::Layout& layout) {
  return WeightPlan(info, layout).bytes();
}

bool Weights::layers_are_quantized() const {
  return std::ranges::all_of(layers, [this](const LayerWeights& layer) {
    return std::ranges::all_of(formats::all_projections, [&](formats::Projection which) {
      return !config.has(which) || layer.at(which).is_quantized();
    });
  });
}

void Weights::embed(std::span<const Token> tokens, std::int8_t* unpacked, float* x) const {
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const std::span<float> row(x + t * config.dim, config.dim);
    token_embedding.read_row(static_cast<std::size_t>(tokens[t]), *compute.kernels, unpacked,
                             row.data());
    if (config.embedding_scale != 1.0f) {
      std::ranges::transform(row, row.begin(),
                             [this](float value) { return config.embedding_scale * value; });
    }
  }
}

void Weights::normalise(const NormWeights& norm, const float* x, float* y) const {
  if (config.norm == formats::Norm::layer) {
    compute.kernels->layer_norm(x, norm.weight.data(), norm.bias.data(), config.dim,
                                config.norm_eps, y);
  } else {
    compute.kernels->rms_norm(x, norm.weight.data(), config.dim, config.norm_eps, y);
  }
}

}  // namespace crayon::model
