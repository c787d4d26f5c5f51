#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "formats/importers/architectures.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/huggingface_fields.h"
#include "formats/importers/named_check.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

std::string architecture_name(const JsonObject& json) {
  const Json* names = json.array("architectures");
  if (names == nullptr) {
    json.fail_missing("architectures");
  }
  if (names->size() != 1 || !(*names)[0].is_string()) {
    json.fail_type("architectures", "a list of one name");
  }
  return (*names)[0].get<std::string>();
}

// What would make the computation of any architecture another one.
void refuse_variants(const JsonObject& json) {
  for (const char* field : {"rope_interleaved", "use_bidirectional_attention", "is_encoder_decoder",
                            "add_cross_attention", "use_parallel_residual", "parallel_residual"}) {
    refuse_flag(json, field);
  }
  for (const char* field :
       {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"}) {
    if (const std::uint32_t experts = json.size(field).value_or(0); experts != 0) {
      json.fail_unsupported(field, fmt::to_string(experts));
    }
  }
  if (json.find("quantization_config") != nullptr) {
    throw Error(
        Code::unsupported,
        fmt::format("{}: quantization_config says that the weights are quantised", json.where()),
        "import the model that they were made from");
  }
}

std::uint32_t read_size(const JsonObject& json, const SizeRule& rule, const ModelConfig& config) {
  if (const auto value = json.size(rule.name)) {
    return *value;
  }
  if (rule.otherwise_dim != 0) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(
        std::min(std::uint64_t{config.dim} * rule.otherwise_dim, most));
  }
  return rule.otherwise != 0 ? rule.otherwise : json.required_size(rule.name);
}

void read_sizes(const JsonObject& json, const Architecture& architecture, ModelConfig& config) {
  for (const SizeRule& rule : architecture.sizes) {
    config.*rule.field = read_size(json, rule, config);
  }
  config.vocab_size = json.required_size("vocab_size");
  if (config.kv_heads == 0) {
    config.kv_heads = json.size("num_key_value_heads").value_or(config.heads);
  }
  if (config.head_dim == 0) {
    const std::uint32_t even_share = config.heads == 0 ? 0 : config.dim / config.heads;
    config.head_dim = json.size("head_dim").value_or(even_share);
  }
}

}  // namespace

ModelConfig read_huggingface_config(const JsonObject& json) {
  const Architecture& architecture =
      find_architecture(architecture_name(json), Naming::huggingface, json.where());
  refuse_variants(json);
  ModelConfig config;
  config.architecture = architecture.name;
  read_sizes(json, architecture, config);
  check_config(config, json.where());
  architecture.read_huggingface(json, config);
  check_config(config, json.where());
  return config;
}

}  // namespace crayon::importers
