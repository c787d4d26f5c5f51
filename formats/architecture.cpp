#include "formats/architecture.h"

#include <string_view>
#include <utility>

#include "formats/activation_ranges.h"
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

namespace {

class TensorList {
 public:
  explicit TensorList(const ModelConfig& config) : config_(config) {}

  void add_embeddings() {
    if (config_.reads_image()) {
      add(std::string(patch_embedding), {config_.dim, config_.patch_dim()}, TensorRole::projection);
      add_vector(std::string(class_embedding), config_.dim);
    } else {
      add(std::string(token_embedding), vocabulary(), TensorRole::embedding);
    }
    if (config_.positions == Positions::learned) {
      add(std::string(position_embedding), {config_.max_context, config_.dim},
          TensorRole::positions);
    }
    if (config_.input_norm) {
      add_norm(std::string(input_norm));
    }
  }

  void add_attention(std::uint32_t layer) {
    add_layer_norm(layer, "attention_norm");
    add_projection(layer, Projection::q);
    add_projection(layer, Projection::k);
    add_projection(layer, Projection::v);
    if (config_.qk_norm) {
      add_vector(layer_tensor(layer, "q_norm"), config_.head_dim);
      add_vector(layer_tensor(layer, "k_norm"), config_.head_dim);
    }
    add_projection(layer, Projection::o);
    if (config_.post_norms) {
      add_layer_norm(layer, "attention_post_norm");
    }
  }

  void add_mlp(std::uint32_t layer) {
    add_layer_norm(layer, "mlp_norm");
    if (config_.gated) {
      add_projection(layer, Projection::gate);
    }
    add_projection(layer, Projection::up);
    add_projection(layer, Projection::down);
    if (config_.post_norms) {
      add_layer_norm(layer, "mlp_post_norm");
    }
  }

  void add_scales(std::uint32_t layer) {
    const auto add_place = [&](std::string_view name, std::uint64_t size) {
      add(layer_tensor(layer, name), {.rows = 1, .cols = size}, TensorRole::scales);
    };
    add_place(qkv_scales, config_.dim);
    add_place(o_scales, config_.kv_dim());
    add_place(gate_up_scales, config_.dim);
    if (config_.gated) {
      add_place(down_scales, config_.hidden_dim);
    }
  }

  void add_ranges(std::uint32_t layer) {
    add_vector(layer_tensor(layer, activation_ranges), ranges_of_a_layer);
  }

  void add_output() {
    add_norm(std::string(output_norm));
    if (config_.is_encoder()) {
      add(std::string(output_projection), {config_.output_dim, config_.dim},
          TensorRole::projection);
    } else if (!config_.tied_head) {
      add(std::string(output_head), vocabulary(), TensorRole::head);
    }
  }

  std::vector<ExpectedTensor> take() { return std::move(tensors_); }

 private:
  Shape vocabulary() const { return {.rows = config_.vocab_size, .cols = config_.dim}; }

  void add(std::string name, Shape shape, TensorRole role) {
    tensors_.push_back({std::move(name), shape, role});
  }

  void add_vector(std::string name, std::uint64_t size) {
    add(std::move(name), {.rows = 1, .cols = size}, TensorRole::vector);
  }

  void add_norm(const std::string& name) {
    add_vector(name, config_.dim);
    if (config_.norm == Norm::layer) {
      add_vector(name + "_bias", config_.dim);
    }
  }

  void add_layer_norm(std::uint32_t layer, std::string_view name) {
    add_norm(layer_tensor(layer, name));
  }

  void add_projection(std::uint32_t layer, Projection which) {
    const Shape shape = projection_shape(config_, which);
    add(projection(layer, which), shape, TensorRole::projection);
    if (config_.has_bias(which)) {
      add_vector(projection_bias(layer, which), shape.rows);
    }
  }

  const ModelConfig& config_;
  std::vector<ExpectedTensor> tensors_;
};

}  // namespace

std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config) {
  TensorList list(config);
  list.add_embeddings();
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    list.add_attention(layer);
    list.add_mlp(layer);
  }
  list.add_output();
  for (std::uint32_t layer = 0; config.smoothed && layer < config.layers; ++layer) {
    list.add_scales(layer);
  }
  for (std::uint32_t layer = 0; config.static_ranges && layer < config.layers; ++layer) {
    list.add_ranges(layer);
  }
  return list.take();
}

std::vector<ExpectedTensor> expected_tensors(const ModelConfig& config, const ImageTower* image) {
  std::vector<ExpectedTensor> all = expected_tensors(config);
  if (image != nullptr) {
    for (ExpectedTensor& tensor : expected_tensors(image->config)) {
      tensor.name.insert(0, image_prefix);
      all.push_back(std::move(tensor));
    }
  }
  return all;
}

}  // namespace crayon::formats
