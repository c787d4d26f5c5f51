#include "formats/importers/gguf_keys.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/error.h"

namespace crayon::importers {
namespace {

// What variants of the known architectures have. Without it, or at 0, a model is none of them.
constexpr std::array<std::string_view, 22> variants = {
    "expert_count",
    "attention.clamp_kqv",
    "attention.scale",
    "attention.max_alibi_bias",
    "attention.sliding_window",
    "attention.sliding_window_pattern",
    "attention.temperature_scale",
    "attention.key_length_swa",
    "attention.value_length_swa",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "logit_scale",
    "residual_scale",
    "embedding_scale",
    "use_parallel_residual",
    "rope.dimension_count_swa",
    "rope.dimension_sections",
    "rope.freq_base_swa",
    "rope.scaling.alpha",
    "rope.scaling.yarn_ext_factor",
    "rope.scaling.yarn_attn_factor",
    "rope.scaling.yarn_log_multiplier",
};

// How a value is printed; empty for one that says "none".
struct Printed {
  std::string operator()(std::int64_t value) const {
    return value == 0 ? "" : fmt::to_string(value);
  }
  std::string operator()(double value) const { return value == 0 ? "" : fmt::to_string(value); }
  std::string operator()(bool value) const { return value ? "true" : ""; }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const GgufArray&) const { return "a list"; }
};

}  // namespace

GgufKeys::GgufKeys(const GgufFile& file, std::string_view architecture)
    : file_(file), prefix_(fmt::format("{}.", architecture)) {}

std::optional<std::uint32_t> GgufKeys::size(std::string_view key) {
  read_.emplace(key);
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

std::optional<float> GgufKeys::number(std::string_view key) {
  read_.emplace(key);
  const auto value = file_.number(name(key));
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

const std::string* GgufKeys::text(std::string_view key) {
  read_.emplace(key);
  return file_.text(name(key));
}

std::optional<std::vector<bool>> GgufKeys::flags(std::string_view key, std::size_t count) {
  const GgufValue* value = file_.find_value(name(key));
  const auto* list = value != nullptr ? std::get_if<GgufArray>(value) : nullptr;
  if (list == nullptr) {
    return std::nullopt;
  }
  read_.emplace(key);
  if (list->integers.size() != count) {
    throw Error(Code::malformed,
                fmt::format("{}: {} has {} flags for {} layers", file_.path().string(), name(key),
                            list->integers.size(), count));
  }
  std::vector<bool> flags;
  for (const std::int64_t flag : list->integers) {
    flags.push_back(flag != 0);
  }
  return flags;
}

std::uint32_t GgufKeys::required_size(std::string_view key) {
  const auto value = size(key);
  if (!value) {
    file_.fail_missing(name(key));
  }
  return *value;
}

float GgufKeys::required_number(std::string_view key) {
  const auto value = number(key);
  if (!value) {
    file_.fail_missing(name(key));
  }
  return *value;
}

void GgufKeys::fail_unsupported(std::string_view key, const std::string& value) const {
  throw Error(Code::unsupported,
              fmt::format("{}: {} is {}", file_.path().string(), name(key), value),
              "the model is a variant that is not known; it would not compute the same");
}

void GgufKeys::refuse_unread() const {
  for (const std::string_view key : variants) {
    const GgufValue* value = read_.contains(key) ? nullptr : file_.find_value(name(key));
    const std::string printed = value != nullptr ? std::visit(Printed(), *value) : std::string();
    if (!printed.empty()) {
      fail_unsupported(key, printed);
    }
  }
  if (!file_.boolean(name("attention.causal")).value_or(true)) {
    fail_unsupported("attention.causal", "false");
  }
}

}  // namespace crayon::importers
