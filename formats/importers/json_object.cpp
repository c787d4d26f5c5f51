#include "formats/importers/json_object.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace crayon::importers {
namespace {

// A level costs a hostile file one byte and us a hundred; real files have about six.
constexpr int deepest = 64;

}  // namespace

JsonObject::JsonObject(const Json& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (!value.is_object()) {
    throw Error(Code::malformed, fmt::format("{} is not a JSON object", where_));
  }
}

const Json* JsonObject::find(const char* field) const {
  const auto found = value_.find(field);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::uint32_t> JsonObject::size(const char* field) const {
  const Json* value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  const auto* number = value->get_ptr<const Json::number_unsigned_t*>();
  if (number == nullptr || *number > std::numeric_limits<std::uint32_t>::max()) {
    fail_type(field, "a whole number of 0 or more");
  }
  return static_cast<std::uint32_t>(*number);
}

std::optional<double> JsonObject::number(const char* field) const {
  const Json* value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number()) {
    fail_type(field, "a number");
  }
  return value->get<double>();
}

std::optional<bool> JsonObject::boolean(const char* field) const {
  const Json* value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_boolean()) {
    fail_type(field, "true or false");
  }
  return value->get<bool>();
}

std::optional<std::string> JsonObject::text(const char* field) const {
  const Json* value = find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_string()) {
    fail_type(field, "a string");
  }
  return value->get<std::string>();
}

const Json* JsonObject::array(const char* field) const {
  const Json* value = find(field);
  if (value != nullptr && !value->is_array()) {
    fail_type(field, "an array");
  }
  return value;
}

std::optional<JsonObject> JsonObject::object(const char* field) const {
  const Json* value = find(field);
  return value == nullptr ? std::nullopt
                          : std::optional<JsonObject>(std::in_place, *value,
                                                      fmt::format("{}: {}", where_, field));
}

std::uint32_t JsonObject::required_size(const char* field) const {
  const auto value = size(field);
  return value ? *value : (fail_missing(field), 0);
}

std::string JsonObject::required_text(const char* field) const {
  auto value = text(field);
  return value ? std::move(*value) : (fail_missing(field), std::string());
}

void JsonObject::fail_missing(const char* field) const {
  throw Error(Code::malformed, fmt::format("{} lacks the field {}", where_, field),
              "get or make the file again");
}

void JsonObject::fail_type(const char* field, const char* expected) const {
  throw Error(Code::malformed, fmt::format("{}: {} is not {}", where_, field, expected),
              "get or make the file again");
}

void JsonObject::fail_unsupported(const char* field, const std::string& value) const {
  throw Error(
      Code::unsupported, fmt::format("{}: {} is {}, which is not known", where_, field, value),
      "it would not compute the same; docs/models.md and docs/tokenizers.md say what is known");
}

Json parse_json(std::string_view text, const std::string& where,
                const std::function<void(const std::string& name)>& on_name) {
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > deepest) {
      throw Error(Code::malformed, fmt::format("{} nests JSON too deep", where));
    }
    if (event == Json::parse_event_t::key && depth == 1 && on_name) {
      on_name(parsed.get_ref<const std::string&>());
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    throw Error(Code::malformed,
                fmt::format("{} is not JSON: error at byte {}", where, error.byte));
  } catch (const Json::exception&) {
    throw Error(Code::malformed, fmt::format("{} has a number that is out of range", where));
  }
}

Json read_json(const std::filesystem::path& path, std::uint64_t limit) {
  return parse_json(read_text(path, limit), path.string());
}

}  // namespace crayon::importers
