#include "formats/importers/peft.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <memory>
#include <optional>

#include "base/error.h"
#include "formats/importers/json_object.h"
#include "formats/importers/lora_assembler.h"
#include "formats/importers/provenance.h"
#include "formats/importers/safetensors.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t largest_config = 16 << 20;
constexpr const char* config_name = "adapter_config.json";
constexpr const char* weights_name = "adapter_model.safetensors";
constexpr std::string_view module_prefix = "base_model.model.";

[[noreturn]] void fail_kind(const JsonObject& config, const char* field, const std::string& value) {
  throw Error(Code::unsupported_adapter,
              fmt::format("{}: {} is {}, which is not known", config.where(), field, value),
              "use a plain LoRA of the linear layers");
}

bool is_empty(const Json& value) {
  return value.is_boolean() ? !value.get<bool>() : value.empty();
}

// Variants of LoRA that add or compute something else.
void refuse_variants(const JsonObject& config) {
  const std::string type = config.required_text("peft_type");
  if (type != "LORA") {
    fail_kind(config, "peft_type", type);
  }
  if (const auto bias = config.text("bias"); bias && *bias != "none") {
    fail_kind(config, "bias", *bias);
  }
  constexpr std::array switches = {"use_dora",          "lora_bias",
                                   "use_qalora",        "modules_to_save",
                                   "layer_replication", "trainable_token_indices",
                                   "target_parameters", "alora_invocation_tokens"};
  for (const char* field : switches) {
    if (const Json* value = config.find(field); value != nullptr && !is_empty(*value)) {
      fail_kind(config, field, value->dump());
    }
  }
  const Json* targets = config.find("target_modules");
  if (targets != nullptr && !targets->is_array() && !targets->is_string()) {
    config.fail_type("target_modules", "a list or a string");
  }
}

// rank_pattern or alpha_pattern: numbers by the end of a module's name.
class Pattern {
 public:
  Pattern(const JsonObject& config, const char* field) : values_(config.object(field)) {
    if (!values_) {
      return;
    }
    for (const auto& [key, value] : values_->json().items()) {
      // PEFT takes keys for regular expressions; all but those that spell a name are refused.
      if (key.find_first_of("^$*+?()[]{}|\\") != std::string::npos || key.empty()) {
        fail_kind(config, field, fmt::format("the expression {}", key));
      }
      if (!value.is_number()) {
        values_->fail_type(key.c_str(), "a number");
      }
    }
  }

  std::optional<double> find(std::string_view module) const {
    if (!values_) {
      return std::nullopt;
    }
    for (const auto& [key, value] : values_->json().items()) {
      if (module == key || module.ends_with("." + key)) {
        return value.get<double>();
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<JsonObject> values_;
};

// The name of the weight that a factor belongs to, and which factor it is.
struct FactorName {
  std::string weight;
  LoraAssembler::Factor factor;
};

std::optional<FactorName> parse_name(std::string_view name) {
  if (!name.starts_with(module_prefix)) {
    return std::nullopt;
  }
  name.remove_prefix(module_prefix.size());
  // Written by hand from a live model, names keep the adapter's own: ".default".
  for (const std::string_view tail : {".weight", ".default.weight"}) {
    for (const auto& [middle, factor] :
         {std::pair(std::string_view(".lora_A"), LoraAssembler::Factor::a),
          std::pair(std::string_view(".lora_B"), LoraAssembler::Factor::b)}) {
      const std::string suffix = std::string(middle) + std::string(tail);
      if (name.ends_with(suffix)) {
        return FactorName{std::string(name.substr(0, name.size() - suffix.size())) + ".weight",
                          factor};
      }
    }
  }
  return std::nullopt;
}

// alpha / r, or alpha / sqrt(r) for rsLoRA (Kalajdzievski 2023).
class Scales {
 public:
  explicit Scales(const JsonObject& config)
      : where_(config.where()),
        rank_(config.size("r").value_or(8)),
        alpha_(config.number("lora_alpha").value_or(8)),
        root_(config.boolean("use_rslora").value_or(false)),
        ranks_(config, "rank_pattern"),
        alphas_(config, "alpha_pattern") {}

  float of(const std::string& weight, std::uint32_t rank) const {
    const std::string_view module = std::string_view(weight).substr(0, weight.rfind('.'));
    const double expected = ranks_.find(module).value_or(rank_);
    if (expected != rank) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: {} has rank {}, but r says {}", where_, module, rank, expected));
    }
    const double alpha = alphas_.find(module).value_or(alpha_);
    return static_cast<float>(alpha / (root_ ? std::sqrt(expected) : expected));
  }

 private:
  std::string where_;
  std::uint32_t rank_;
  double alpha_;
  bool root_;
  Pattern ranks_;
  Pattern alphas_;
};

}  // namespace

formats::AdapterSource read_peft_adapter(const std::filesystem::path& folder,
                                         const formats::ModelConfig& base) {
  const std::filesystem::path config_path = folder / config_name;
  const Json json = read_json(config_path, largest_config);
  const JsonObject config(json, config_path.string());
  refuse_variants(config);
  const Scales scales(config);
  const std::filesystem::path weights = folder / weights_name;
  LoraAssembler assembler(base, Naming::huggingface, weights.string());
  for (RawTensor& tensor : raw_tensors(std::make_shared<const SafetensorsFile>(weights))) {
    const auto name = parse_name(tensor.name);
    if (!name) {
      assembler.fail_unmatched(tensor.name);
    }
    assembler.add(name->weight, name->factor, std::move(tensor));
  }
  formats::AdapterSource adapter = assembler.finish(
      [&](const std::string& weight, std::uint32_t rank) { return scales.of(weight, rank); });
  adapter.provenance = describe_source(folder, std::array{weights}, "");
  adapter.name = adapter.provenance.source;
  return adapter;
}

}  // namespace crayon::importers
