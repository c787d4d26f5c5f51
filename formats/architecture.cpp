#include "formats/architecture.h"

#include "formats/packer.h"

namespace crayon::formats {

Shape projection_shape(const ModelConfig& config, Projection which) {
  switch (which) {
    case Projection::q:
      return {.rows = config.query_dim(), .cols = config.dim};
    case Projection::k:
    case Projection::v:
      return {.rows = config.kv_dim(), .cols = config.dim};
    case Projection::o:
      return {.rows = config.dim, .cols = config.query_dim()};
    case Projection::gate:
    case Projection::up:
      return {.rows = config.hidden_dim, .cols = config.dim};
    case Projection::down:
      return {.rows = config.dim, .cols = config.hidden_dim};
  }
  return {};
}

std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config) {
  const Shape vocabulary = {.rows = config.vocab_size, .cols = config.dim};
  const Shape norm = {.rows = 1, .cols = config.dim};
  std::vector<ExpectedTensor> tensors;
  tensors.push_back({std::string(token_embedding), vocabulary, TensorRole::embedding});
  const auto add_projection = [&](std::uint32_t layer, Projection which) {
    tensors.push_back(
        {projection(layer, which), projection_shape(config, which), TensorRole::projection});
  };
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    tensors.push_back({attention_norm(layer), norm, TensorRole::norm});
    add_projection(layer, Projection::q);
    add_projection(layer, Projection::k);
    add_projection(layer, Projection::v);
    add_projection(layer, Projection::o);
    tensors.push_back({mlp_norm(layer), norm, TensorRole::norm});
    add_projection(layer, Projection::gate);
    add_projection(layer, Projection::up);
    add_projection(layer, Projection::down);
  }
  tensors.push_back({std::string(output_norm), norm, TensorRole::norm});
  if (!config.tied_head) {
    tensors.push_back({std::string(output_head), vocabulary, TensorRole::head});
  }
  return tensors;
}

}  // namespace crayon::formats
