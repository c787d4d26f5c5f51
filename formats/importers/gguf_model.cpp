#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/error.h"
#include "formats/importers/architectures.h"
#include "formats/importers/assemble.h"
#include "formats/importers/ggml_type.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/named_check.h"
#include "formats/importers/rope_factors.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;

constexpr std::string_view rope_factors_name = "rope_freqs.weight";
constexpr std::array harmless = {
    rope_factors_name,  // in the configuration by now
};

// Reads "<architecture>.<key>" of one file.
class Keys {
 public:
  Keys(const GgufFile& file, std::string_view architecture)
      : file_(file), prefix_(fmt::format("{}.", architecture)) {}

  std::string name(std::string_view key) const { return prefix_ + std::string(key); }

  std::optional<std::uint32_t> size(std::string_view key) const {
    const auto value = file_.integer(name(key));
    if (!value) {
      return std::nullopt;
    }
    if (*value < 0 || *value > std::numeric_limits<std::uint32_t>::max()) {
      throw Error(Code::corrupt,
                  fmt::format("{}: {} is {}", file_.path().string(), name(key), *value));
    }
    return static_cast<std::uint32_t>(*value);
  }

  std::uint32_t required_size(std::string_view key) const {
    const auto value = size(key);
    if (!value) {
      file_.fail_missing(name(key));
    }
    return *value;
  }

  std::optional<float> number(std::string_view key) const {
    const auto value = file_.number(name(key));
    return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
  }

  [[noreturn]] void fail_unsupported(std::string_view key, const std::string& what) const {
    throw Error(Code::unsupported,
                fmt::format("{}: {} is {}", file_.path().string(), name(key), what),
                "the model is a variant that is not known; it would not compute the same");
  }

 private:
  const GgufFile& file_;
  std::string prefix_;
};

void read_rope_scaling(const GgufFile& file, const Keys& keys, ModelConfig& config) {
  const std::string* type = file.text(keys.name("rope.scaling.type"));
  // Files of 2023 have the one key rope.scale_linear.
  const auto linear = keys.number("rope.scale_linear");
  if (type == nullptr ? linear.value_or(1.0f) != 1.0f : *type == "linear") {
    config.rope_scaling = formats::RopeScaling::linear;
    config.rope_factor = type == nullptr ? *linear : keys.number("rope.scaling.factor").value_or(1);
  } else if (type != nullptr && *type != "none") {
    keys.fail_unsupported("rope.scaling.type", *type);
  }
}

void read_rope_factors(const GgufFile& file, ModelConfig& config) {
  const GgufTensor* tensor = file.find_tensor(rope_factors_name);
  if (tensor == nullptr) {
    return;
  }
  bool known = tensor->shape == formats::Shape{1, config.head_dim / 2} &&
               config.rope_scaling == formats::RopeScaling::none;
  if (known) {
    std::vector<float> factors(tensor->shape.cols);
    file.read_rows(*tensor, 0, 1, factors);
    known = set_rope_factors(config, factors);
  }
  if (!known) {
    throw Error(Code::unsupported,
                fmt::format("{}: {} scales the positions in a way that is not known",
                            file.path().string(), rope_factors_name),
                "import the Hugging Face folder of the model, whose config.json names the rule");
  }
}

// Keys of architectures' variants that would make the computation another one.
void refuse_variants(const Keys& keys, const ModelConfig& config) {
  for (const char* key :
       {"expert_count", "attention.clamp_kqv", "attention.scale", "logit_scale", "residual_scale",
        "embedding_scale", "attn_logit_softcapping", "final_logit_softcapping"}) {
    if (const float value = keys.number(key).value_or(0.0f); value != 0.0f) {
      keys.fail_unsupported(key, fmt::format("{}", value));
    }
  }
  // A window that holds the whole context is none.
  const std::uint32_t window = keys.size("attention.sliding_window").value_or(0);
  if (window != 0 && window < config.max_context) {
    keys.fail_unsupported("attention.sliding_window", fmt::format("{}", window));
  }
}

ModelConfig read_config(const GgufFile& file, const Architecture& architecture) {
  const Keys keys(file, architecture.name);
  ModelConfig config;
  config.architecture = architecture.name;
  for (const SizeRule& rule : architecture.sizes) {
    config.*rule.field = keys.required_size(rule.gguf);
  }
  config.kv_heads = keys.size("attention.head_count_kv").value_or(config.heads);
  const std::uint32_t even_share = config.heads == 0 ? 0 : config.dim / config.heads;
  config.head_dim = keys.size("attention.key_length").value_or(even_share);
  for (const char* key : {"attention.value_length", "rope.dimension_count"}) {
    const std::uint32_t size = keys.size(key).value_or(config.head_dim);
    if (size != config.head_dim) {
      keys.fail_unsupported(key, fmt::format("{}, but heads have {}", size, config.head_dim));
    }
  }
  refuse_variants(keys, config);
  const auto eps = keys.number("attention.layer_norm_rms_epsilon");
  if (!eps) {
    file.fail_missing(keys.name("attention.layer_norm_rms_epsilon"));
  }
  config.norm_eps = *eps;
  config.rope_theta = keys.number("rope.freq_base").value_or(config.rope_theta);
  if (const GgufTensor* embedding = file.find_tensor("token_embd.weight")) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    config.vocab_size = static_cast<std::uint32_t>(std::min(embedding->shape.rows, most));
  }
  config.tied_head = file.find_tensor("output.weight") == nullptr;
  read_rope_scaling(file, keys, config);
  check_config(config, file.path().string());
  read_rope_factors(file, config);
  return config;
}

// Refuses at once what read_rows would refuse in the middle of packing.
void check_types(const GgufFile& file) {
  for (const GgufTensor& tensor : file.tensors()) {
    file.check_readable(tensor);
  }
}

}  // namespace

GgufModel read_gguf_model(const std::shared_ptr<const GgufFile>& file) {
  const std::string where = file->path().string();
  const std::string* name = file->text("general.architecture");
  if (name == nullptr) {
    file->fail_missing("general.architecture");
  }
  const Architecture& architecture = find_architecture(*name, Naming::gguf, where);
  if (file->tensors().empty()) {
    throw Error(Code::missing_tensor, fmt::format("{} has a vocabulary but no tensors", where),
                "use the model's own file");
  }
  check_types(*file);
  GgufModel model;
  model.config = read_config(*file, architecture);
  std::vector<RawTensor> raw;
  raw.reserve(file->tensors().size());
  for (const GgufTensor& tensor : file->tensors()) {
    raw.push_back({tensor.name, tensor.shape,
                   [file, &tensor](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
                     file->read_rows(tensor, begin, count, out);
                   }});
  }
  model.tensors = assemble(
      std::move(raw), expected_tensors(architecture, model.config, Naming::gguf), harmless, where);
  return model;
}

std::string gguf_licence(const GgufFile& file) {
  const std::string* licence = file.text("general.license");
  return licence != nullptr ? *licence : std::string();
}

}  // namespace crayon::importers
