#include "train/model/families/families.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"

namespace crayon::train {
namespace {

constexpr std::array all = {&llama_format, &gpt2_format, &gpt_neo_format};
constexpr std::string_view layer_prefix = "model.layers.";

/// A parameter's name, taken apart.
struct ParameterName {
  std::string rule;    ///< with N for the layer, without ".weight"
  std::string layer;   ///< its digits; empty outside of layers
  std::string suffix;  ///< ".weight" or ".bias"
};

ParameterName take_apart(const std::string& parameter) {
  const std::size_t point = parameter.rfind('.');
  ParameterName name{parameter.substr(0, point), "", parameter.substr(point)};
  if (name.rule.starts_with(layer_prefix)) {
    const std::size_t end = name.rule.find('.', layer_prefix.size());
    name.layer = name.rule.substr(layer_prefix.size(), end - layer_prefix.size());
    name.rule.replace(layer_prefix.size(), name.layer.size(), "N");
  }
  return name;
}

}  // namespace

std::span<const FamilyFormat* const> all_families() {
  return all;
}

const FamilyFormat& format_of(Family family) {
  return *all[static_cast<std::size_t>(family)];
}

StoredName stored_name(Family family, const std::string& parameter) {
  const ParameterName name = take_apart(parameter);
  for (const NameRule& rule : format_of(family).rules) {
    if (rule.parameter != name.rule) {
      continue;
    }
    std::string stored(rule.stored);
    if (const std::size_t place = stored.find('N'); place != std::string::npos) {
      stored.replace(place, 1, name.layer);
    }
    return {stored + name.suffix, rule.part, rule.parts,
            rule.transposed && name.suffix == ".weight"};
  }
  return {parameter};
}

void refuse(const importers::JsonObject& fields, const std::string& what) {
  throw Error(Code::unsupported, fmt::format("{}: {}", fields.where(), what),
              "train on a Llama without biases and with plain rotary positions, or on a GPT-2 or "
              "GPT-Neo with their usual switches");
}

void require_gelu_tanh(const importers::JsonObject& fields) {
  const std::string name = fields.text("activation_function").value_or("gelu_new");
  // Two names of one formula; "gelu" is the exact one and another function.
  if (name != "gelu_new" && name != "gelu_pytorch_tanh") {
    refuse(fields, fmt::format("activation_function is {}, which is not trained here", name));
  }
}

}  // namespace crayon::train
