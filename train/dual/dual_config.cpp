#include "train/dual/dual_config.h"

#include <fmt/format.h>

#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/json_object.h"

namespace crayon::train {
namespace {

using importers::JsonObject;
using nlohmann::json;

constexpr std::uint64_t config_limit = std::uint64_t{1} << 20;  // bytes of such a file
constexpr const char* architecture = "CLIPModel";

const char* name_of(Gelu gelu) {
  return gelu == Gelu::quick ? "quick_gelu" : "gelu";
}

Gelu read_gelu(const JsonObject& fields) {
  const std::string name = fields.text("hidden_act").value_or(name_of(Gelu::quick));
  for (const Gelu gelu : {Gelu::quick, Gelu::erf}) {
    if (name == name_of(gelu)) {
      return gelu;
    }
  }
  fields.fail_unsupported("hidden_act", name);
}

/// `defaults`: of transformers' CLIPTextConfig or CLIPVisionConfig.
TowerShape read_tower(const JsonObject& fields, const TowerShape& defaults) {
  TowerShape tower = defaults;
  tower.dim = fields.size("hidden_size").value_or(defaults.dim);
  tower.layers = fields.size("num_hidden_layers").value_or(defaults.layers);
  tower.heads = fields.size("num_attention_heads").value_or(defaults.heads);
  tower.hidden = fields.size("intermediate_size").value_or(defaults.hidden);
  tower.norm_eps = fields.number("layer_norm_eps").value_or(defaults.norm_eps);
  tower.gelu = read_gelu(fields);
  return tower;
}

json tower_json(const TowerShape& tower, std::int64_t output) {
  return {{"hidden_size", tower.dim},          {"intermediate_size", tower.hidden},
          {"num_hidden_layers", tower.layers}, {"num_attention_heads", tower.heads},
          {"hidden_act", name_of(tower.gelu)}, {"layer_norm_eps", tower.norm_eps},
          {"projection_dim", output}};
}

JsonObject required_object(const JsonObject& fields, const char* field) {
  const auto object = fields.object(field);
  if (!object) {
    fields.fail_missing(field);
  }
  return *object;
}

std::array<double, 3> read_channels(const JsonObject& fields, const char* field) {
  const json* values = fields.array(field);
  if (values == nullptr) {
    fields.fail_missing(field);
  }
  std::array<double, 3> channels{};
  if (values->size() != channels.size()) {
    fields.fail_type(field, "an array of three numbers");
  }
  for (std::size_t i = 0; i < channels.size(); ++i) {
    if (!(*values)[i].is_number()) {
      fields.fail_type(field, "an array of three numbers");
    }
    channels[i] = (*values)[i].get<double>();
  }
  return channels;
}

void require(bool holds, const char* what, const char* hint) {
  if (!holds) {
    throw Error(Code::bad_argument, fmt::format("the encoder's shape: {}", what), hint);
  }
}

bool within(std::initializer_list<std::int64_t> sizes, std::int64_t most) {
  for (const std::int64_t size : sizes) {
    if (size < 1 || size > most) {
      return false;
    }
  }
  return true;
}

}  // namespace

void check(const DualConfig& config) {
  require(within({config.text.dim, config.text.hidden, config.image.dim, config.image.hidden,
                  config.output},
                 16384),
          "a width is not 1 to 16,384", "name widths such as 128");
  require(within({config.text.layers, config.image.layers}, 128),
          "a tower does not have 1 to 128 layers", "name layers such as 4");
  for (const TowerShape* tower : {&config.text, &config.image}) {
    require(within({tower->heads}, tower->dim) && tower->dim % tower->heads == 0,
            "the heads do not divide the width", "use a width that the heads divide");
    require(tower->norm_eps > 0 && tower->norm_eps < 1, "layer_norm_eps is not between 0 and 1",
            "use 1e-5");
  }
  require(within({config.vocab}, 1'000'000), "the vocabulary is not 1 to 1,000,000",
          "use another tokenizer");
  require(within({config.bos + 1, config.eos + 1}, config.vocab),
          "the tokens around a text are not in the vocabulary", "use another tokenizer");
  require(within({config.context}, 4096) && config.context >= 2,
          "the text tower does not have 2 to 4,096 positions", "name positions such as 32");
  require(within({config.image_size}, 1024) && within({config.patch_size}, config.image_size) &&
              config.image_size % config.patch_size == 0,
          "the patches do not divide a picture of 1 to 1,024 pixels a side",
          "use sizes such as 48 and 8");
  for (const double deviation : config.deviation) {
    require(deviation > 0, "image_std is not above 0", "use the numbers of the training");
  }
}

DualConfig read_dual_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.json";
  const json object = importers::read_json(path, config_limit);
  const JsonObject fields(object, path.string());
  const json* names = fields.find("architectures");
  if (names == nullptr || *names != json::array({architecture})) {
    throw Error(Code::architecture,
                fmt::format("{}: architectures is not [\"{}\"]", path.string(), architecture),
                "give the folder of a CLIP model");
  }
  const JsonObject text = required_object(fields, "text_config");
  const JsonObject image = required_object(fields, "vision_config");
  DualConfig config;
  config.text = read_tower(text, {.dim = 512, .layers = 12, .heads = 8, .hidden = 2048});
  config.image = read_tower(image, {.dim = 768, .layers = 12, .heads = 12, .hidden = 3072});
  config.output = fields.size("projection_dim").value_or(512);
  config.vocab = text.size("vocab_size").value_or(49408);
  config.context = text.size("max_position_embeddings").value_or(77);
  // Older files name ids that the model was never used with: the vocabulary ends with the two.
  config.bos = text.size("bos_token_id").value_or(config.vocab - 2);
  config.eos = text.size("eos_token_id").value_or(config.vocab - 1);
  if (config.eos == 2 && config.vocab > 3) {
    config.bos = config.vocab - 2;
    config.eos = config.vocab - 1;
  }
  config.image_size = image.size("image_size").value_or(224);
  config.patch_size = image.size("patch_size").value_or(32);
  const std::filesystem::path pixels_path = folder / "preprocessor_config.json";
  const json pixels_object = importers::read_json(pixels_path, config_limit);
  const JsonObject pixels(pixels_object, pixels_path.string());
  config.mean = read_channels(pixels, "image_mean");
  config.deviation = read_channels(pixels, "image_std");
  check(config);
  return config;
}

void write_dual_config(const DualConfig& config, const std::filesystem::path& folder) {
  json text = tower_json(config.text, config.output);
  text.update({{"vocab_size", config.vocab},
               {"max_position_embeddings", config.context},
               {"bos_token_id", config.bos},
               {"eos_token_id", config.eos}});
  json image = tower_json(config.image, config.output);
  image.update(
      {{"image_size", config.image_size}, {"patch_size", config.patch_size}, {"num_channels", 3}});
  const json object = {{"architectures", json::array({architecture})},
                       {"model_type", "clip"},
                       {"projection_dim", config.output},
                       {"logit_scale_init_value", 2.6592},
                       {"torch_dtype", "float32"},
                       {"text_config", std::move(text)},
                       {"vision_config", std::move(image)}};
  const json pixels = {{"image_processor_type", "CLIPImageProcessor"},
                       {"do_resize", true},
                       {"size", {{"shortest_edge", config.image_size}}},
                       {"resample", 3},  // bicubic
                       {"do_center_crop", true},
                       {"crop_size", {{"height", config.image_size}, {"width", config.image_size}}},
                       {"do_rescale", true},
                       {"rescale_factor", 1.0 / 255},
                       {"do_normalize", true},
                       {"do_convert_rgb", true},
                       {"image_mean", config.mean},
                       {"image_std", config.deviation}};
  write_text(folder / "config.json", object.dump(2) + "\n");
  write_text(folder / "preprocessor_config.json", pixels.dump(2) + "\n");
}

}  // namespace crayon::train
