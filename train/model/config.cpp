#include "train/model/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/importers/json_object.h"

namespace crayon::train {
namespace {

using importers::JsonObject;
using nlohmann::json;

constexpr std::uint64_t config_limit = std::uint64_t{1} << 20;  // bytes of a config.json
constexpr std::int64_t largest_size = 10'000'000;

[[noreturn]] void refuse(const JsonObject& fields, Code code, const std::string& what) {
  throw Error(code, fmt::format("{}: {}", fields.where(), what),
              "train on a Llama without biases and with plain rotary positions");
}

}  // namespace

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
  require(is_size(config.head_dim) && config.head_dim % 2 == 0, "the size of a head is not even",
          "use a width that twice the heads divide");
}

Config read_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.json";
  const json object = importers::read_json(path, config_limit);
  const JsonObject fields(object, path.string());
  const json* names = fields.find("architectures");
  if (names == nullptr || *names != json::array({"LlamaForCausalLM"})) {
    refuse(fields, Code::architecture,
           "architectures does not name LlamaForCausalLM, which alone is trained here");
  }
  for (const char* name : {"attention_bias", "mlp_bias"}) {
    if (fields.boolean(name).value_or(false)) {
      refuse(fields, Code::unsupported, fmt::format("{} is set, which is not trained here", name));
    }
  }
  if (fields.find("rope_scaling") != nullptr) {
    refuse(fields, Code::unsupported, "rope_scaling is set, which is not trained here");
  }
  Config config;
  config.vocab = fields.required_size("vocab_size");
  config.dim = fields.required_size("hidden_size");
  config.layers = fields.required_size("num_hidden_layers");
  config.heads = fields.required_size("num_attention_heads");
  config.kv_heads = fields.size("num_key_value_heads").value_or(config.heads);
  config.head_dim =
      fields.size("head_dim").value_or(config.dim / std::max<std::int64_t>(config.heads, 1));
  config.hidden = fields.required_size("intermediate_size");
  config.context = fields.required_size("max_position_embeddings");
  config.norm_eps = fields.number("rms_norm_eps").value_or(1e-6);
  config.rope_theta = fields.number("rope_theta").value_or(10000);
  config.tied_head = fields.boolean("tie_word_embeddings").value_or(false);
  check(config);
  return config;
}

std::string config_json(const Config& config) {
  const json object = {{"architectures", json::array({"LlamaForCausalLM"})},
                       {"model_type", "llama"},
                       {"vocab_size", config.vocab},
                       {"hidden_size", config.dim},
                       {"intermediate_size", config.hidden},
                       {"num_hidden_layers", config.layers},
                       {"num_attention_heads", config.heads},
                       {"num_key_value_heads", config.kv_heads},
                       {"head_dim", config.head_dim},
                       {"max_position_embeddings", config.context},
                       {"rms_norm_eps", config.norm_eps},
                       {"rope_theta", config.rope_theta},
                       {"hidden_act", "silu"},
                       {"tie_word_embeddings", config.tied_head},
                       {"bos_token_id", 1},
                       {"eos_token_id", 2},
                       {"torch_dtype", "float32"}};
  return object.dump(2) + "\n";
}

std::int64_t parameters(const Config& config) {
  const std::int64_t attention = 2 * config.dim * (config.query_dim() + config.kv_dim());
  const std::int64_t layer = attention + 3 * config.dim * config.hidden + 2 * config.dim;
  const std::int64_t tables = (config.tied_head ? 1 : 2) * config.vocab * config.dim;
  return tables + config.layers * layer + config.dim;
}

}  // namespace crayon::train
