#include "formats/importers/architectures.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "formats/architecture.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

// Llama (Touvron et al. 2023) and all that share its blocks: TinyLlama, Llama 3, SmolLM2.
constexpr std::array llama_sizes = {
    SizeRule{&ModelConfig::dim, "embedding_length", "hidden_size"},
    SizeRule{&ModelConfig::layers, "block_count", "num_hidden_layers"},
    SizeRule{&ModelConfig::heads, "attention.head_count", "num_attention_heads"},
    SizeRule{&ModelConfig::hidden_dim, "feed_forward_length", "intermediate_size"},
    SizeRule{&ModelConfig::max_context, "context_length", "max_position_embeddings"},
};
constexpr std::array llama_tensors = {
    TensorRule{"token_embedding", "token_embd.weight", "model.embed_tokens.weight"},
    TensorRule{"layers.N.attention_norm", "blk.N.attn_norm.weight",
               "model.layers.N.input_layernorm.weight"},
    TensorRule{"layers.N.q", "blk.N.attn_q.weight", "model.layers.N.self_attn.q_proj.weight"},
    TensorRule{"layers.N.k", "blk.N.attn_k.weight", "model.layers.N.self_attn.k_proj.weight"},
    TensorRule{"layers.N.v", "blk.N.attn_v.weight", "model.layers.N.self_attn.v_proj.weight"},
    TensorRule{"layers.N.o", "blk.N.attn_output.weight", "model.layers.N.self_attn.o_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "blk.N.ffn_norm.weight",
               "model.layers.N.post_attention_layernorm.weight"},
    TensorRule{"layers.N.gate", "blk.N.ffn_gate.weight", "model.layers.N.mlp.gate_proj.weight"},
    TensorRule{"layers.N.up", "blk.N.ffn_up.weight", "model.layers.N.mlp.up_proj.weight"},
    TensorRule{"layers.N.down", "blk.N.ffn_down.weight", "model.layers.N.mlp.down_proj.weight"},
    TensorRule{"output_norm", "output_norm.weight", "model.norm.weight"},
    TensorRule{"output_head", "output.weight", "lm_head.weight"},
};

constexpr std::array architectures = {
    Architecture{.name = "llama",
                 .huggingface = "LlamaForCausalLM",
                 .sizes = llama_sizes,
                 .tensors = llama_tensors,
                 .gguf_interleaves_rope = true},
};

std::string_view source_pattern(const TensorRule& rule, Naming naming) {
  return naming == Naming::gguf ? rule.gguf : rule.huggingface;
}

std::string_view source_name(const Architecture& architecture, Naming naming) {
  return naming == Naming::gguf ? architecture.name : architecture.huggingface;
}

bool is_of_layer(std::string_view pattern) {
  return pattern.find('N') != std::string_view::npos;
}

std::string fill_in(std::string_view pattern, std::uint32_t layer) {
  const std::size_t place = pattern.find('N');
  return place == std::string_view::npos
             ? std::string(pattern)
             : fmt::format("{}{}{}", pattern.substr(0, place), layer, pattern.substr(place + 1));
}

// The N for which `name` is the filled-in pattern.
std::optional<std::uint32_t> layer_of(std::string_view pattern, std::string_view name) {
  const std::string_view before = pattern.substr(0, pattern.find('N'));
  const std::string_view after = pattern.substr(pattern.find('N') + 1);
  if (!name.starts_with(before) || !name.ends_with(after) ||
      name.size() <= before.size() + after.size()) {
    return std::nullopt;
  }
  const std::string_view digits =
      name.substr(before.size(), name.size() - before.size() - after.size());
  std::uint32_t layer = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
  const bool canonical = digits.size() == 1 || digits.front() != '0';
  if (error != std::errc() || end != digits.data() + digits.size() || !canonical) {
    return std::nullopt;
  }
  return layer;
}

// The layer that a bundle name belongs to, and the name with "N" in its place.
struct Pattern {
  std::string name;
  std::uint32_t layer = 0;
};

Pattern pattern_of(std::string_view bundle_name) {
  constexpr std::string_view prefix = "layers.";
  if (!bundle_name.starts_with(prefix)) {
    return {std::string(bundle_name), 0};
  }
  const std::size_t rest = bundle_name.find('.', prefix.size());
  Pattern pattern{fmt::format("{}N{}", prefix, bundle_name.substr(rest)), 0};
  std::from_chars(bundle_name.data() + prefix.size(), bundle_name.data() + rest, pattern.layer);
  return pattern;
}

std::string source_of(const Architecture& architecture, const Pattern& pattern, Naming naming) {
  for (const TensorRule& rule : architecture.tensors) {
    if (rule.bundle == pattern.name) {
      return fill_in(source_pattern(rule, naming), pattern.layer);
    }
  }
  throw Error(Code::architecture, fmt::format("the architecture {} has no rule for {}",
                                              architecture.name, pattern.name));
}

// Empty for norms and embeddings.
std::optional<formats::Projection> projection_of(std::string_view pattern) {
  return is_of_layer(pattern)
             ? formats::projection_from_name(pattern.substr(pattern.rfind('.') + 1))
             : std::nullopt;
}

}  // namespace

const Architecture& find_architecture(std::string_view name, Naming naming,
                                      std::string_view where) {
  std::string known;
  for (const Architecture& architecture : architectures) {
    if (source_name(architecture, naming) == name) {
      return architecture;
    }
    known += known.empty() ? "" : ", ";
    known += source_name(architecture, naming);
  }
  throw Error(Code::architecture,
              fmt::format("{} has the architecture {}, which is not known", where, name),
              fmt::format("use a model of one of these: {}", known));
}

std::uint32_t interleaved_head(const Architecture& architecture, const ModelConfig& config,
                               formats::Projection projection, Naming naming) {
  const bool rotates = projection == formats::Projection::q || projection == formats::Projection::k;
  return rotates && naming == Naming::gguf && architecture.gguf_interleaves_rope ? config.head_dim
                                                                                 : 0;
}

std::vector<ExpectedTensor> expected_tensors(const Architecture& architecture,
                                             const ModelConfig& config, Naming naming) {
  std::vector<ExpectedTensor> expected;
  for (formats::ExpectedTensor& tensor : formats::expected_tensors(config)) {
    const Pattern pattern = pattern_of(tensor.name);
    const auto projection = projection_of(pattern.name);
    const std::uint32_t head =
        projection ? interleaved_head(architecture, config, *projection, naming) : 0;
    expected.push_back(
        {std::move(tensor.name), source_of(architecture, pattern, naming), tensor.shape, head});
  }
  return expected;
}

std::optional<ProjectionName> find_projection(const Architecture& architecture,
                                              std::string_view source_name, Naming naming) {
  for (const TensorRule& rule : architecture.tensors) {
    const auto projection = projection_of(rule.bundle);
    if (!projection) {
      continue;
    }
    if (const auto layer = layer_of(source_pattern(rule, naming), source_name)) {
      return ProjectionName{*layer, *projection};
    }
  }
  return std::nullopt;
}

}  // namespace crayon::importers
