#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "train/model/families/families.h"

namespace crayon::train {
namespace {

using importers::JsonObject;
using nlohmann::json;

constexpr std::array rules = {
    NameRule{"model.embed_tokens", "transformer.wte"},
    NameRule{"model.embed_positions", "transformer.wpe"},
    NameRule{"model.layers.N.input_layernorm", "transformer.h.N.ln_1"},
    NameRule{"model.layers.N.self_attn.q_proj", "transformer.h.N.attn.attention.q_proj"},
    NameRule{"model.layers.N.self_attn.k_proj", "transformer.h.N.attn.attention.k_proj"},
    NameRule{"model.layers.N.self_attn.v_proj", "transformer.h.N.attn.attention.v_proj"},
    NameRule{"model.layers.N.self_attn.o_proj", "transformer.h.N.attn.attention.out_proj"},
    NameRule{"model.layers.N.post_attention_layernorm", "transformer.h.N.ln_2"},
    NameRule{"model.layers.N.mlp.up_proj", "transformer.h.N.mlp.c_fc"},
    NameRule{"model.layers.N.mlp.down_proj", "transformer.h.N.mlp.c_proj"},
    NameRule{"model.norm", "transformer.ln_f"},
};

constexpr std::int64_t most_layers = 10'000;  // more than any; each has a name below

/// [layers] "global" or "local". The field has pairs: a list of kinds, and how often it comes.
std::vector<std::string> kinds_of(const JsonObject& fields, std::int64_t layers) {
  const char* field = "attention_types";
  const json* pairs = fields.array(field);
  if (pairs == nullptr) {
    fields.fail_missing(field);
  }
  std::vector<std::string> kinds;
  for (const json& pair : *pairs) {
    const bool is_pair =
        pair.is_array() && pair.size() == 2 && pair[0].is_array() && pair[1].is_number_unsigned();
    if (!is_pair || pair[1].get<std::uint64_t>() > static_cast<std::uint64_t>(layers)) {
      fields.fail_type(field, "a list of pairs of names and a number of layers");
    }
    const auto times = pair[1].get<std::uint64_t>();
    for (std::uint64_t i = 0; i < times && kinds.size() <= static_cast<std::size_t>(layers); ++i) {
      for (const json& kind : pair[0]) {
        if (kind != "global" && kind != "local") {
          fields.fail_unsupported(field, kind.dump());
        }
        kinds.push_back(kind.get<std::string>());
      }
    }
  }
  if (kinds.size() != static_cast<std::size_t>(layers)) {
    fields.fail_type(field, "a kind for each layer");
  }
  return kinds;
}

void read_windows(const JsonObject& fields, Config& config) {
  const std::int64_t window = fields.size("window_size").value_or(256);
  const std::vector<std::string> kinds = kinds_of(fields, config.layers);
  const bool any = std::ranges::find(kinds, "local") != kinds.end();
  if (any && window < config.context) {  // else it hides nothing
    for (const std::string& kind : kinds) {
      config.windows.push_back(kind == "local" ? window : 0);
    }
  }
}

void read(const JsonObject& fields, Config& config) {
  require_gelu_tanh(fields);
  config.dim = fields.required_size("hidden_size");
  config.layers = fields.required_size("num_layers");
  if (config.layers > most_layers) {
    fields.fail_type("num_layers", "a number of layers");
  }
  config.heads = fields.required_size("num_heads");
  config.kv_heads = config.heads;
  config.head_dim = config.dim / std::max<std::int64_t>(config.heads, 1);
  config.context = fields.required_size("max_position_embeddings");
  config.hidden = fields.size("intermediate_size").value_or(4 * config.dim);
  config.norm_eps = fields.number("layer_norm_epsilon").value_or(1e-5);
  config.tied_head = fields.boolean("tie_word_embeddings").value_or(true);
  read_windows(fields, config);
}

void write(const Config& config, json& object) {
  json kinds = json::array();
  std::int64_t window = 0;
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    const std::int64_t of_layer = config.window(static_cast<std::size_t>(layer));
    kinds.push_back(of_layer > 0 ? "local" : "global");
    window = std::max(window, of_layer);
  }
  object.update({{"hidden_size", config.dim},
                 {"num_layers", config.layers},
                 {"num_heads", config.heads},
                 {"max_position_embeddings", config.context},
                 {"intermediate_size", config.hidden},
                 {"layer_norm_epsilon", config.norm_eps},
                 {"activation_function", "gelu_new"},
                 {"window_size", window > 0 ? window : config.context},
                 {"attention_types", json::array({json::array({kinds, 1})})},
                 {"attention_layers", kinds}});
}

}  // namespace

const FamilyFormat gpt_neo_format = {.family = Family::gpt_neo,
                                     .architecture = "GPTNeoForCausalLM",
                                     .model_type = "gpt_neo",
                                     .prefix = "transformer.",
                                     .rules = rules,
                                     .read = read,
                                     .write = write};

}  // namespace crayon::train
