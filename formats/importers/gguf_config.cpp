#include "formats/importers/gguf_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "formats/importers/named_check.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

struct KeyRule {
  std::uint32_t ModelConfig::*field;
  std::string_view key;
};
constexpr std::array size_rules = {
    KeyRule{&ModelConfig::dim, "embedding_length"},
    KeyRule{&ModelConfig::layers, "block_count"},
    KeyRule{&ModelConfig::heads, "attention.head_count"},
    KeyRule{&ModelConfig::hidden_dim, "feed_forward_length"},
    KeyRule{&ModelConfig::max_context, "context_length"},
};

void read_sizes(GgufKeys& keys, ModelConfig& config) {
  for (const KeyRule& rule : size_rules) {
    config.*rule.field = keys.required_size(rule.key);
  }
  config.kv_heads = keys.size("attention.head_count_kv").value_or(config.heads);
  const std::uint32_t even_share = config.heads == 0 ? 0 : config.dim / config.heads;
  config.head_dim = keys.size("attention.key_length").value_or(even_share);
  const std::uint32_t value_dim = keys.size("attention.value_length").value_or(config.head_dim);
  if (value_dim != config.head_dim) {
    keys.fail_unsupported("attention.value_length",
                          fmt::format("{}, but keys have {}", value_dim, config.head_dim));
  }
  if (const GgufTensor* embedding = keys.file().find_tensor("token_embd.weight")) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    config.vocab_size = static_cast<std::uint32_t>(std::min(embedding->shape.rows, most));
  }
}

// No key says which linear layers have a bias: the first layer's tensors do.
void find_biases(const GgufFile& file, const Architecture& architecture, ModelConfig& config) {
  for (const formats::Projection which : formats::all_projections) {
    if (config.has(which) &&
        file.find_tensor(bias_name(architecture, which, 0, Naming::gguf)) != nullptr) {
      config.add_bias(which);
    }
  }
}

}  // namespace

ModelConfig read_gguf_config(const GgufFile& file, const Architecture& architecture) {
  GgufKeys keys(file, architecture.name);
  const std::string where = file.path().string();
  ModelConfig config;
  config.architecture = architecture.name;
  read_sizes(keys, config);
  config.tied_head = file.find_tensor("output.weight") == nullptr;
  check_config(config, where);
  architecture.read_gguf(keys, config);
  find_biases(file, architecture, config);
  config.norm_eps =
      keys.required_number(config.norm == formats::Norm::rms ? "attention.layer_norm_rms_epsilon"
                                                             : "attention.layer_norm_epsilon");
  if (config.positions == formats::Positions::rope) {
    read_gguf_rope(keys, architecture, config);
  }
  keys.refuse_unread();
  check_config(config, where);
  return config;
}

}  // namespace crayon::importers
