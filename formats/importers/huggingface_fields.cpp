#include "formats/importers/huggingface_fields.h"

namespace crayon::importers {
namespace {

bool is_null(const JsonObject& json, const char* field) {
  const auto found = json.json().find(field);
  return found != json.json().end() && found->is_null();
}

}  // namespace

float number_or(const JsonObject& json, const char* field, double otherwise) {
  return static_cast<float>(json.number(field).value_or(otherwise));
}

float number_unless_null(const JsonObject& json, const char* field, float otherwise) {
  return is_null(json, field) ? 0.0f : number_or(json, field, static_cast<double>(otherwise));
}

std::uint32_t size_unless_null(const JsonObject& json, const char* field, std::uint32_t otherwise) {
  return is_null(json, field) ? 0 : json.size(field).value_or(otherwise);
}

std::string_view name_in(const Json& element) {
  const auto* name = element.get_ptr<const std::string*>();
  return name != nullptr ? std::string_view(*name) : std::string_view();
}

std::vector<float> read_numbers(const JsonObject& json, const char* field) {
  const Json* list = json.array(field);
  if (list == nullptr) {
    json.fail_missing(field);
  }
  std::vector<float> numbers;
  for (const Json& item : *list) {
    if (!item.is_number()) {
      json.fail_type(field, "a list of numbers");
    }
    numbers.push_back(item.get<float>());
  }
  return numbers;
}

void read_rms_norm(const JsonObject& json, formats::ModelConfig& config) {
  config.norm_eps = number_or(json, "rms_norm_eps", 1e-6);
}

formats::Activation read_activation(const JsonObject& json, const char* field,
                                    const char* otherwise) {
  const std::string name = json.text(field).value_or(otherwise);
  if (name == "silu" || name == "swish") {
    return formats::Activation::silu;
  }
  // Two names of one formula; "gelu" is the exact one and another function.
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") {
    return formats::Activation::gelu_tanh;
  }
  json.fail_unsupported(field, name);
}

void add_biases(const JsonObject& json, const char* field,
                std::initializer_list<formats::Projection> which, formats::ModelConfig& config) {
  if (json.boolean(field).value_or(false)) {
    for (const formats::Projection projection : which) {
      config.add_bias(projection);
    }
  }
}

std::optional<std::vector<bool>> read_layer_types(const JsonObject& json, std::uint32_t layers) {
  constexpr const char* field = "layer_types";
  const Json* types = json.array(field);
  if (types == nullptr) {
    return std::nullopt;
  }
  if (types->size() != layers) {
    json.fail_type(field, "a list of a name for each layer");
  }
  std::vector<bool> windowed;
  for (const Json& type : *types) {
    const std::string_view name = name_in(type);
    if (name != "sliding_attention" && name != "full_attention") {
      json.fail_unsupported(field, type.dump());
    }
    windowed.push_back(name == "sliding_attention");
  }
  return windowed;
}

void refuse_flag(const JsonObject& json, const char* field) {
  if (json.boolean(field).value_or(false)) {
    json.fail_unsupported(field, "true");
  }
}

void refuse_field(const JsonObject& json, const char* field) {
  if (const Json* value = json.find(field)) {
    json.fail_unsupported(field, value->dump());
  }
}

}  // namespace crayon::importers
