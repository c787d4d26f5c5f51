#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "formats/importers/clip.h"
#include "formats/importers/huggingface_fields.h"
#include "formats/importers/named_check.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

/// What the towers of every CLIP have in common, but for what reads images.
ModelConfig tower() {
  ModelConfig config;
  config.architecture = "clip";
  config.norm = formats::Norm::layer;
  config.gated = false;
  config.positions = formats::Positions::learned;
  config.activation = formats::Activation::gelu_quick;
  for (const formats::Projection which : formats::all_projections) {
    if (config.has(which)) {
      config.add_bias(which);
    }
  }
  return config;
}

void set_heads(ModelConfig& config, std::uint32_t heads) {
  config.heads = config.kv_heads = heads;
  config.head_dim = heads == 0 ? 0 : config.dim / heads;
}

void read_image_sizes(const JsonObject& json, ModelConfig& config, std::uint32_t patch) {
  config.causal = false;
  config.input_norm = true;
  config.image_size = json.size("image_size").value_or(224);
  config.patch_size = json.size("patch_size").value_or(patch);
  // A patch of no size is told in check().
  config.max_context = config.patch_size == 0 ? 0 : config.patches() + 1;
}

// ---- Hugging Face. What is absent has the value of ViT-B/32, as there.

formats::Activation read_gelu(const JsonObject& json) {
  const std::string name = json.text("hidden_act").value_or("quick_gelu");
  if (name == "quick_gelu") {
    return formats::Activation::gelu_quick;
  }
  return name == "gelu" ? formats::Activation::gelu_erf
                        : read_activation(json, "hidden_act", "quick_gelu");
}

void read_sizes(const JsonObject& json, std::uint32_t dim, std::uint32_t heads,
                ModelConfig& config) {
  config.dim = json.size("hidden_size").value_or(dim);
  config.hidden_dim = json.size("intermediate_size").value_or(4 * dim);
  config.layers = json.size("num_hidden_layers").value_or(12);
  set_heads(config, json.size("num_attention_heads").value_or(heads));
  config.activation = read_gelu(json);
  config.norm_eps = number_or(json, "layer_norm_eps", 1e-5);
}

// ---- OpenCLIP

/// Whatever else is there would change the computation.
void refuse_others(const JsonObject& json, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : json.json().items()) {
    const bool off = value.is_null() || value == Json(false);
    if (!off && std::ranges::find(known, name) == known.end()) {
      json.fail_unsupported(name.c_str(), value.dump());
    }
  }
}

JsonObject required_object(const JsonObject& json, const char* field) {
  if (const auto object = json.object(field)) {
    return *object;
  }
  json.fail_missing(field);
}

void read_open_sizes(const JsonObject& json, const JsonObject& model, ModelConfig& config) {
  config.dim = json.required_size("width");
  config.layers = json.required_size("layers");
  config.hidden_dim = static_cast<std::uint32_t>(
      std::lround(static_cast<double>(config.dim) * json.number("mlp_ratio").value_or(4.0)));
  config.output_dim = model.required_size("embed_dim");
  config.activation = model.boolean("quick_gelu").value_or(false) ? formats::Activation::gelu_quick
                                                                  : formats::Activation::gelu_erf;
}

void read_colours(const JsonObject& json, const char* field, std::array<float, 3>& colours) {
  if (json.find(field) == nullptr) {
    return;
  }
  const std::vector<float> numbers = read_numbers(json, field);
  if (numbers.size() != colours.size()) {
    json.fail_type(field, "a list of three numbers");
  }
  std::ranges::copy(numbers, colours.begin());
}

/// A size of the processor, a number or an object that has it under a name, is the tower's.
void check_side(const JsonObject& json, const char* field, const char* name, std::uint32_t tower) {
  const Json* const value = json.find(field);
  const bool is_object = value != nullptr && value->is_object();
  const std::uint32_t side =
      is_object ? json.object(field)->size(name).value_or(tower) : json.size(field).value_or(tower);
  if (side != tower) {
    json.fail_unsupported(field, fmt::format("{}, with a model of {},", side, tower));
  }
}

}  // namespace

bool is_clip_config(const Json& json) {
  const auto names = json.is_object() ? json.find("architectures") : json.end();
  return names != json.end() && *names == Json::array({"CLIPModel"});
}

ClipConfig read_clip_config(const JsonObject& json) {
  const Json none = Json::object();
  const JsonObject text = json.object("text_config").value_or(JsonObject(none, json.where()));
  const JsonObject vision = json.object("vision_config").value_or(JsonObject(none, json.where()));
  const std::uint32_t output_dim = json.size("projection_dim").value_or(512);
  ClipConfig config{tower(), {.config = tower()}};
  read_sizes(text, 512, 8, config.text);
  config.text.vocab_size = text.size("vocab_size").value_or(49408);
  config.text.max_context = text.size("max_position_embeddings").value_or(77);
  read_sizes(vision, 768, 12, config.image.config);
  read_image_sizes(vision, config.image.config, 32);
  config.text.output_dim = config.image.config.output_dim = output_dim;
  config.image.logit_scale =
      static_cast<float>(std::exp(json.number("logit_scale_init_value").value_or(2.6592)));
  check_clip(config.text, config.image, json.where());
  return config;
}

ClipConfig read_open_clip_config(const JsonObject& json) {
  const JsonObject model = required_object(json, "model_cfg");
  refuse_others(model, {"embed_dim", "quick_gelu", "vision_cfg", "text_cfg"});
  const JsonObject vision = required_object(model, "vision_cfg");
  refuse_others(vision, {"image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio"});
  const JsonObject text = required_object(model, "text_cfg");
  refuse_others(text, {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio"});
  ClipConfig config{tower(), {.config = tower()}};
  read_open_sizes(text, model, config.text);
  set_heads(config.text, text.size("heads").value_or(8));
  config.text.vocab_size = text.size("vocab_size").value_or(49408);
  config.text.max_context = text.size("context_length").value_or(77);
  read_open_sizes(vision, model, config.image.config);
  const std::uint32_t head_width = vision.size("head_width").value_or(64);
  set_heads(config.image.config, head_width == 0 ? 0 : config.image.config.dim / head_width);
  read_image_sizes(vision, config.image.config, 16);
  if (const auto preprocess = json.object("preprocess_cfg")) {
    read_colours(*preprocess, "mean", config.image.pixels.mean);
    read_colours(*preprocess, "std", config.image.pixels.deviation);
  }
  check_clip(config.text, config.image, json.where());
  return config;
}

void read_clip_preprocessor(const JsonObject& json, formats::ImageTower& image) {
  for (const char* field : {"do_resize", "do_center_crop", "do_normalize", "do_rescale"}) {
    if (!json.boolean(field).value_or(true)) {
      json.fail_unsupported(field, "false");
    }
  }
  if (const std::uint32_t filter = json.size("resample").value_or(3); filter != 3) {
    json.fail_unsupported("resample", fmt::format("{}, which is not bicubic", filter));
  }
  check_side(json, "size", "shortest_edge", image.config.image_size);
  check_side(json, "crop_size", "height", image.config.image_size);
  read_colours(json, "image_mean", image.pixels.mean);
  read_colours(json, "image_std", image.pixels.deviation);
}

}  // namespace crayon::importers
