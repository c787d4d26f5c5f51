#include "runtime/model/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <string>

#include "base/checked.h"
#include "formats/packer.h"

namespace crayon::model {
namespace {

using formats::Bundle;
using formats::ModelConfig;
using formats::Shape;

AlignedArray<float> load_vector(const Bundle& bundle, const std::string& name,
                                const kernels::Layout& layout, std::uint64_t size) {
  Matrix matrix = Matrix::load(bundle, name, Shape{1, size}, layout);
  if (!matrix.is_f32()) {
    throw Error(Code::unsupported,
                fmt::format("{}: tensor {} is not f32", bundle.path().string(), name),
                "pack the model again");
  }
  return std::move(matrix).take_f32();
}

/// Collects what is to be loaded; the places must stay where they are until it has run.
class Loads {
 public:
  Loads(const Bundle& bundle, const ModelConfig& config, const kernels::Layout& layout)
      : bundle_(bundle), config_(config), layout_(layout) {}

  void matrix(Matrix& to, std::string name, Shape shape) {
    loads_.emplace_back([this, &to, name = std::move(name), shape] {
      to = Matrix::load(bundle_, name, shape, layout_);
    });
  }

  void vector(AlignedArray<float>& to, std::string name, std::uint64_t size) {
    loads_.emplace_back([this, &to, name = std::move(name), size] {
      to = load_vector(bundle_, name, layout_, size);
    });
  }

  void norm(NormWeights& to, const std::string& name) {
    vector(to.weight, name, config_.dim);
    if (config_.norm == formats::Norm::layer) {
      vector(to.bias, name + "_bias", config_.dim);
    }
  }

  void layer(LayerWeights& to, std::uint32_t index) {
    const auto layer_norm = [&](NormWeights& norm_to, std::string_view name) {
      norm(norm_to, formats::layer_tensor(index, name));
    };
    layer_norm(to.attention_norm, "attention_norm");
    layer_norm(to.mlp_norm, "mlp_norm");
    if (config_.post_norms) {
      layer_norm(to.attention_post_norm, "attention_post_norm");
      layer_norm(to.mlp_post_norm, "mlp_post_norm");
    }
    if (config_.qk_norm) {
      vector(to.q_norm, formats::layer_tensor(index, "q_norm"), config_.head_dim);
      vector(to.k_norm, formats::layer_tensor(index, "k_norm"), config_.head_dim);
    }
    for (const formats::Projection which : formats::all_projections) {
      projection(to, index, which);
    }
  }

  const std::vector<std::function<void()>>& all() const { return loads_; }

 private:
  void projection(LayerWeights& to, std::uint32_t layer, formats::Projection which) {
    if (!config_.has(which)) {
      return;
    }
    const auto at = static_cast<std::size_t>(which);
    const Shape shape = formats::projection_shape(config_, which);
    matrix(to.projections[at], formats::projection(layer, which), shape);
    if (config_.has_bias(which)) {
      vector(to.biases[at], formats::projection_bias(layer, which), shape.rows);
    }
  }

  const Bundle& bundle_;
  const ModelConfig& config_;
  const kernels::Layout& layout_;
  std::vector<std::function<void()>> loads_;
};

/// Runs all of `loads` on the pool's threads; throws the error of the first that failed.
void run_all(const std::vector<std::function<void()>>& loads, const Compute& compute) {
  std::vector<std::exception_ptr> errors(loads.size());
  compute.parallel(loads.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      try {
        loads[i]();
      } catch (...) {
        errors[i] = std::current_exception();
        return;
      }
    }
  });
  for (const std::exception_ptr& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace

const ModelConfig& model_config(const formats::BundleInfo& info) {
  if (info.kind != formats::BundleKind::model || !info.config) {
    throw Error(Code::bad_argument,
                fmt::format("a bundle of kind {} where a model belongs", kind_name(info.kind)),
                "name a model bundle");
  }
  formats::check(*info.config);
  return *info.config;
}

std::unique_ptr<Weights> load_weights(const Bundle& bundle, const Compute& compute) {
  const ModelConfig& config = model_config(bundle.info());
  const kernels::Layout& layout = compute.kernels->layout;
  auto weights = std::make_unique<Weights>();
  weights->config = config;
  weights->id = bundle.id();
  weights->compute = compute;
  weights->layers.resize(config.layers);

  Loads loads(bundle, config, layout);
  const Shape vocabulary{config.vocab_size, config.dim};
  loads.matrix(weights->token_embedding, std::string(formats::token_embedding), vocabulary);
  if (config.positions == formats::Positions::learned) {
    loads.matrix(weights->position_embedding, std::string(formats::position_embedding),
                 Shape{config.max_context, config.dim});
  }
  for (std::uint32_t l = 0; l < config.layers; ++l) {
    loads.layer(weights->layers[l], l);
  }
  loads.norm(weights->output_norm, std::string(formats::output_norm));
  if (!config.tied_head) {
    loads.matrix(weights->output_head, std::string(formats::output_head), vocabulary);
  }
  run_all(loads.all(), compute);
  return weights;
}

std::uint64_t weight_bytes(const formats::BundleInfo& info, const kernels::Layout& layout) {
  std::uint64_t bytes = 0;
  for (const formats::TensorEntry& tensor : info.tensors) {
    bytes = checked_add(bytes, Matrix::bytes(tensor.dtype, tensor.shape, layout), "weights");
  }
  return bytes;
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
