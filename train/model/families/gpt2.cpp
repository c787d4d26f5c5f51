#include <algorithm>
#include <array>

#include "train/model/families/families.h"

namespace crayon::train {
namespace {

// Its maps are "Conv1D"s: [inputs][outputs]; one holds queries, keys and values.
constexpr std::array rules = {
    NameRule{"model.embed_tokens", "transformer.wte"},
    NameRule{"model.embed_positions", "transformer.wpe"},
    NameRule{"model.layers.N.input_layernorm", "transformer.h.N.ln_1"},
    NameRule{"model.layers.N.self_attn.q_proj", "transformer.h.N.attn.c_attn", 0, 3, true},
    NameRule{"model.layers.N.self_attn.k_proj", "transformer.h.N.attn.c_attn", 1, 3, true},
    NameRule{"model.layers.N.self_attn.v_proj", "transformer.h.N.attn.c_attn", 2, 3, true},
    NameRule{"model.layers.N.self_attn.o_proj", "transformer.h.N.attn.c_proj", 0, 1, true},
    NameRule{"model.layers.N.post_attention_layernorm", "transformer.h.N.ln_2"},
    NameRule{"model.layers.N.mlp.up_proj", "transformer.h.N.mlp.c_fc", 0, 1, true},
    NameRule{"model.layers.N.mlp.down_proj", "transformer.h.N.mlp.c_proj", 0, 1, true},
    NameRule{"model.norm", "transformer.ln_f"},
};

void read(const importers::JsonObject& fields, Config& config) {
  require_gelu_tanh(fields);
  if (!fields.boolean("scale_attn_weights").value_or(true)) {
    refuse(fields, "scale_attn_weights is false, which is not trained here");
  }
  for (const char* name : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
    if (fields.boolean(name).value_or(false)) {
      refuse(fields, std::string(name) + " is set, which is not trained here");
    }
  }
  config.dim = fields.required_size("n_embd");
  config.layers = fields.required_size("n_layer");
  config.heads = fields.required_size("n_head");
  config.kv_heads = config.heads;
  config.head_dim = config.dim / std::max<std::int64_t>(config.heads, 1);
  config.context = fields.required_size("n_positions");
  config.hidden = fields.size("n_inner").value_or(4 * config.dim);
  config.norm_eps = fields.number("layer_norm_epsilon").value_or(1e-5);
  config.tied_head = fields.boolean("tie_word_embeddings").value_or(true);
}

void write(const Config& config, nlohmann::json& object) {
  object.update({{"n_embd", config.dim},
                 {"n_layer", config.layers},
                 {"n_head", config.heads},
                 {"n_positions", config.context},
                 {"n_inner", config.hidden},
                 {"layer_norm_epsilon", config.norm_eps},
                 {"activation_function", "gelu_new"}});
}

}  // namespace

const FamilyFormat gpt2_format = {.family = Family::gpt2,
                                  .architecture = "GPT2LMHeadModel",
                                  .model_type = "gpt2",
                                  .prefix = "transformer.",
                                  .rules = rules,
                                  .read = read,
                                  .write = write};

}  // namespace crayon::train
