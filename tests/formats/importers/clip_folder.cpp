#include "tests/formats/importers/clip_folder.h"

#include "base/fnv.h"
#include "formats/importers/clip.h"
#include "formats/importers/families/families.h"

namespace crayon::test {
namespace {

using importers::ExpectedTensor;
using nlohmann::json;

/// The sizes that a file has: of a convolution, four; of a vector, one.
std::vector<std::uint64_t> file_sizes(const ExpectedTensor& tensor,
                                      const formats::ModelConfig& config) {
  if (tensor.bundle == formats::patch_embedding) {
    return {config.dim, 3, config.patch_size, config.patch_size};
  }
  if (tensor.vector) {
    return {tensor.source_shape.cols};
  }
  return {tensor.source_shape.rows, tensor.source_shape.cols};
}

void add_tower(SafetensorsWriter& weights, const importers::Architecture& names,
               const formats::ModelConfig& config) {
  for (const ExpectedTensor& tensor :
       importers::expected_tensors(names, config, importers::Naming::huggingface)) {
    if (!weights.header.contains(tensor.source)) {
      const formats::Shape shape = tensor.source_shape;
      weights.add_f32(tensor.source, file_sizes(tensor, config),
                      clip_numbers(tensor.source, shape.rows * shape.cols));
    }
  }
}

}  // namespace

json clip_config_json() {
  return json::parse(R"({
    "architectures": ["CLIPModel"],
    "projection_dim": 4,
    "text_config": {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
                    "num_attention_heads": 2, "vocab_size": 6, "max_position_embeddings": 8},
    "vision_config": {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2,
                      "num_attention_heads": 2, "image_size": 6, "patch_size": 2,
                      "hidden_act": "gelu"}})");
}

json open_clip_config_json() {
  return json::parse(R"({
    "model_cfg": {
      "embed_dim": 4,
      "quick_gelu": true,
      "vision_cfg": {"image_size": 6, "layers": 2, "width": 8, "head_width": 4, "patch_size": 2,
                     "mlp_ratio": 1.5},
      "text_cfg": {"context_length": 8, "vocab_size": 6, "width": 8, "heads": 2, "layers": 1,
                   "mlp_ratio": 2.0}},
    "preprocess_cfg": {"mean": [0.5, 0.25, 0.125], "std": [0.5, 1, 2]}})");
}

std::vector<float> clip_numbers(std::string_view source, std::uint64_t count) {
  const auto base = static_cast<float>(fnv1a(source) % 1024);
  std::vector<float> numbers(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    numbers[i] = base + static_cast<float>(i) / 1024.0f;
  }
  return numbers;
}

SafetensorsWriter clip_weights(bool open) {
  const json json = open ? open_clip_config_json() : clip_config_json();
  const importers::JsonObject object(json, "config");
  const importers::ClipConfig config =
      open ? importers::read_open_clip_config(object) : importers::read_clip_config(object);
  const importers::ClipTensors& names =
      open ? importers::open_clip() : importers::huggingface_clip();
  SafetensorsWriter weights;
  add_tower(weights, names.text, config.text);
  add_tower(weights, names.image, config.image.config);
  return weights;
}

}  // namespace crayon::test
