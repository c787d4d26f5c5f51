#include "store/json_file.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"
#include "base/file.h"

namespace crayon::store {

JsonFile::JsonFile(const std::filesystem::path& path, std::uint64_t limit, const char* format)
    : path_(path) {
  const std::string text = read_text(path, limit);
  json_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json_.is_discarded() || !json_.is_object()) {
    throw Error(Code::malformed, fmt::format("{} holds no JSON object", path.string()),
                "it was damaged, or is another file");
  }
  if (json_.value("format", Json()) != format) {
    fail("format", format);
  }
}

void JsonFile::fail(const char* field, const char* expected) const {
  throw Error(Code::malformed, fmt::format("{}: \"{}\" is not {}", path_.string(), field, expected),
              "it was damaged, or written by another version of crayon");
}

const Json& JsonFile::list(const char* field) const {
  const auto found = json_.find(field);
  if (found == json_.end() || !found->is_array()) {
    fail(field, "a list");
  }
  return *found;
}

const Json& JsonFile::object(const char* field) const {
  const auto found = json_.find(field);
  if (found == json_.end() || !found->is_object()) {
    fail(field, "an object");
  }
  return *found;
}

std::uint64_t JsonFile::number(const Json& object, const char* field) const {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_unsigned()) {
    fail(field, "a whole number");
  }
  return found->get<std::uint64_t>();
}

std::string JsonFile::text(const Json& object, const char* field) const {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) {
    fail(field, "a text");
  }
  return found->get<std::string>();
}

bool JsonFile::boolean(const Json& object, const char* field) const {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_boolean()) {
    fail(field, "true or false");
  }
  return found->get<bool>();
}

void JsonFile::hex(const Json& object, const char* field, MutableByteSpan bytes) const {
  if (!formats::from_hex(text(object, field), bytes)) {
    fail(field, "hexadecimal digits of the right number");
  }
}

std::vector<std::int32_t> JsonFile::numbers(const char* field) const {
  std::vector<std::int32_t> numbers;
  for (const Json& value : list(field)) {
    if (!value.is_number_unsigned() ||
        value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int32_t>::max()}) {
      fail(field, "a list of whole numbers");
    }
    numbers.push_back(value.get<std::int32_t>());
  }
  return numbers;
}

void write_json(const std::filesystem::path& path, const Json& json) {
  write_text(path, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace crayon::store
