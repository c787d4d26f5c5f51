#include "train/model/config.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/importers/json_object.h"
#include "train/model/families/families.h"

namespace crayon::train {
namespace {

using importers::JsonObject;
using nlohmann::json;

constexpr std::uint64_t config_limit = std::uint64_t{1} << 20;  // bytes of a config.json
constexpr std::int64_t largest_size = 10'000'000;

constexpr std::array ungated = {Projection::q, Projection::k,  Projection::v,
                                Projection::o, Projection::up, Projection::down};

const FamilyFormat& format_named(const JsonObject& fields) {
  std::string known;
  const json* names = fields.find("architectures");
  for (const FamilyFormat* format : all_families()) {
    if (names != nullptr && *names == json::array({format->architecture})) {
      return *format;
    }
    known += (known.empty() ? "" : ", ") + std::string(format->architecture);
  }
  throw Error(Code::architecture,
              fmt::format("{}: architectures does not name one that is trained here: {}",
                          fields.where(), known),
              "train on a model of one of these architectures");
}

/// The id of a field, or the first where there is a list of them.
std::int64_t id_or(const JsonObject& fields, const char* field, std::int64_t otherwise) {
  const json* value = fields.find(field);
  if (value != nullptr && value->is_array() && !value->empty()) {
    value = &value->front();
  }
  return value != nullptr && value->is_number_unsigned() ? value->get<std::int64_t>() : otherwise;
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

bool Config::has_bias(Projection which) const {
  switch (family) {
    case Family::llama:
      return false;
    case Family::gpt2:
      return true;
    case Family::gpt_neo:
      return which == Projection::o || which == Projection::up || which == Projection::down;
  }
  return false;
}

std::span<const Projection> Config::projections() const {
  if (gated()) {
    return all_projections;
  }
  return ungated;
}

double Config::attention_scale() const {
  return family == Family::gpt_neo ? 1.0 : 1.0 / std::sqrt(static_cast<double>(head_dim));
}

void check(const Config& config) {
  const auto require = [](bool holds, const char* what, const char* hint) {
    if (!holds) {
      throw Error(Code::bad_argument, fmt::format("the model's shape: {}", what), hint);
    }
  };
  const auto is_size = [](std::int64_t size) { return size > 0 && size <= largest_size; };
  require(config.vocab > 0 && config.vocab <= 1'000'000, "the vocabulary is not 1 to 1,000,000",
          "use another tokenizer");
  require(is_size(config.dim) && is_size(config.layers) && is_size(config.hidden) &&
              is_size(config.heads) && is_size(config.kv_heads) && is_size(config.context),
          "a size is not 1 to 10,000,000",
          "set width, layers, heads, kv heads, width of the MLP and context");
  require(config.heads % config.kv_heads == 0, "the kv heads do not divide the heads",
          "use as many kv heads as heads, or a half or a quarter of them");
  require(is_size(config.head_dim), "a head has no size", "use a width that the heads divide");
  if (config.family == Family::llama) {
    require(config.head_dim % 2 == 0, "the size of a head is not even",
            "use a width that twice the heads divide");
  } else {
    require(config.kv_heads == config.heads, "a GPT with fewer kv heads than heads",
            "use as many kv heads as heads");
    require(config.head_dim * config.heads == config.dim, "the heads do not divide the width",
            "use a width that the heads divide");
  }
  const auto layers = static_cast<std::size_t>(config.layers);
  require(config.windows.empty() || config.windows.size() == layers,
          "there is not a window for each layer", "get the model again");
}

Config read_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.json";
  const json object = importers::read_json(path, config_limit);
  const JsonObject fields(object, path.string());
  const FamilyFormat& format = format_named(fields);
  Config config;
  config.family = format.family;
  config.vocab = fields.required_size("vocab_size");
  config.bos = id_or(fields, "bos_token_id", config.bos);
  config.eos = id_or(fields, "eos_token_id", config.eos);
  format.read(fields, config);
  check(config);
  return config;
}

std::string config_json(const Config& config) {
  const FamilyFormat& format = format_of(config.family);
  json object = {{"architectures", json::array({format.architecture})},
                 {"model_type", format.model_type},
                 {"vocab_size", config.vocab},
                 {"tie_word_embeddings", config.tied_head},
                 {"bos_token_id", config.bos},
                 {"eos_token_id", config.eos},
                 {"torch_dtype", "float32"}};
  format.write(config, object);
  return object.dump(2) + "\n";
}

std::int64_t parameters(const Config& config) {
  const std::int64_t norm = config.dim * (config.layer_norm() ? 2 : 1);
  std::int64_t layer = 2 * norm;
  for (const Projection which : config.projections()) {
    const Size size = size_of(config, which);
    layer += size.outputs * (size.inputs + (config.has_bias(which) ? 1 : 0));
  }
  const std::int64_t tables = (config.tied_head ? 1 : 2) * config.vocab * config.dim;
  const std::int64_t positions = config.learned_positions() ? config.context * config.dim : 0;
  return tables + positions + config.layers * layer + norm;
}

}  // namespace crayon::train
