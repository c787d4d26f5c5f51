#pragma once

#include <array>

#include "formats/importers/architectures.h"

namespace crayon::importers {

// What Llama and those that keep its names share.

inline constexpr std::array llama_tensors = {
    TensorRule{"token_embedding", "token_embd.weight", "model.embed_tokens.weight"},
    TensorRule{"layers.N.attention_norm", "blk.N.attn_norm.weight",
               "model.layers.N.input_layernorm.weight"},
    TensorRule{"layers.N.q", "blk.N.attn_q.weight", "model.layers.N.self_attn.q_proj.weight"},
    TensorRule{"layers.N.k", "blk.N.attn_k.weight", "model.layers.N.self_attn.k_proj.weight"},
    TensorRule{"layers.N.v", "blk.N.attn_v.weight", "model.layers.N.self_attn.v_proj.weight"},
    TensorRule{"layers.N.q_norm", "blk.N.attn_q_norm.weight",
               "model.layers.N.self_attn.q_norm.weight"},
    TensorRule{"layers.N.k_norm", "blk.N.attn_k_norm.weight",
               "model.layers.N.self_attn.k_norm.weight"},
    TensorRule{"layers.N.o", "blk.N.attn_output.weight", "model.layers.N.self_attn.o_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "blk.N.ffn_norm.weight",
               "model.layers.N.post_attention_layernorm.weight"},
    TensorRule{"layers.N.gate", "blk.N.ffn_gate.weight", "model.layers.N.mlp.gate_proj.weight"},
    TensorRule{"layers.N.up", "blk.N.ffn_up.weight", "model.layers.N.mlp.up_proj.weight"},
    TensorRule{"layers.N.down", "blk.N.ffn_down.weight", "model.layers.N.mlp.down_proj.weight"},
    TensorRule{"output_norm", "output_norm.weight", "model.norm.weight"},
    TensorRule{"output_head", "output.weight", "lm_head.weight"},
};

inline constexpr SizeRule dim_rule{&formats::ModelConfig::dim, "hidden_size"};
inline constexpr SizeRule layers_rule{&formats::ModelConfig::layers, "num_hidden_layers"};
inline constexpr SizeRule heads_rule{&formats::ModelConfig::heads, "num_attention_heads"};
inline constexpr SizeRule kv_heads_rule{&formats::ModelConfig::kv_heads, "num_key_value_heads"};
inline constexpr SizeRule hidden_dim_rule{&formats::ModelConfig::hidden_dim, "intermediate_size"};
inline constexpr SizeRule context_rule{&formats::ModelConfig::max_context,
                                       "max_position_embeddings"};

/// Where kv_heads may be absent, and is then heads.
inline constexpr std::array llama_sizes = {dim_rule, layers_rule, heads_rule, hidden_dim_rule,
                                           context_rule};
/// Where transformers' default for kv_heads is a number that no model's author would rely on.
inline constexpr std::array grouped_sizes = {dim_rule,      layers_rule,     heads_rule,
                                             kv_heads_rule, hidden_dim_rule, context_rule};

}  // namespace crayon::importers
