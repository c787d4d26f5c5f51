#include "runtime/model/weights.h"

#include <fmt/format.h>

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

AlignedArray<float> load_norm(const Bundle& bundle, const std::string& name,
                              const kernels::Layout& layout, std::uint32_t size) {
  Matrix matrix = Matrix::load(bundle, name, Shape{1, size}, layout);
  if (!matrix.is_f32()) {
    throw Error(Code::unsupported,
                fmt::format("{}: tensor {} is not f32", bundle.path().string(), name),
                "pack the model again");
  }
  return std::move(matrix).take_f32();
}

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

  std::vector<std::function<void()>> loads;
  const auto matrix = [&](Matrix& to, std::string name, Shape shape) {
    loads.emplace_back([&to, name = std::move(name), shape, &bundle, &layout] {
      to = Matrix::load(bundle, name, shape, layout);
    });
  };
  const auto norm = [&](AlignedArray<float>& to, std::string name) {
    loads.emplace_back([&to, name = std::move(name), &bundle, &layout, &config] {
      to = load_norm(bundle, name, layout, config.dim);
    });
  };
  const Shape vocabulary{config.vocab_size, config.dim};
  matrix(weights->token_embedding, std::string(formats::token_embedding), vocabulary);
  for (std::uint32_t l = 0; l < config.layers; ++l) {
    LayerWeights& layer = weights->layers[l];
    norm(layer.attention_norm, formats::layer_tensor(l, "attention_norm"));
    norm(layer.mlp_norm, formats::layer_tensor(l, "mlp_norm"));
    for (const formats::Projection which : formats::all_projections) {
      matrix(layer.projections[static_cast<std::size_t>(which)], formats::projection(l, which),
             formats::projection_shape(config, which));
    }
  }
  norm(weights->output_norm, std::string(formats::output_norm));
  if (!config.tied_head) {
    matrix(weights->output_head, std::string(formats::output_head), vocabulary);
  }
  run_all(loads, compute);
  return weights;
}

std::uint64_t weight_bytes(const formats::BundleInfo& info, const kernels::Layout& layout) {
  std::uint64_t bytes = 0;
  for (const formats::TensorEntry& tensor : info.tensors) {
    bytes = checked_add(bytes, Matrix::bytes(tensor.dtype, tensor.shape, layout), "weights");
  }
  return bytes;
}

void Weights::embed(std::span<const Token> tokens, std::int8_t* unpacked, float* x) const {
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    token_embedding.read_row(static_cast<std::size_t>(tokens[t]), *compute.kernels, unpacked,
                             x + t * config.dim);
  }
}

}  // namespace crayon::model
