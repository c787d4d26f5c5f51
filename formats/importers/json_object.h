#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::importers {

using Json = nlohmann::json;

/// A JSON object with getters that name the file and the field when a value is of the wrong type
/// (Code::malformed). A field that is null counts as absent. Does not own the value.
class JsonObject {
 public:
  /// Throws malformed unless `value` is an object.
  JsonObject(const Json& value, std::string where);

  const std::string& where() const { return where_; }
  const Json& json() const { return value_; }
  /// Null when the field is absent.
  const Json* find(const char* field) const;
  std::optional<std::uint32_t> size(const char* field) const;
  std::optional<double> number(const char* field) const;
  std::optional<bool> boolean(const char* field) const;
  std::optional<std::string> text(const char* field) const;
  /// Null when the field is absent.
  const Json* array(const char* field) const;
  std::optional<JsonObject> object(const char* field) const;

  std::uint32_t required_size(const char* field) const;
  std::string required_text(const char* field) const;

  [[noreturn]] void fail_missing(const char* field) const;
  [[noreturn]] void fail_type(const char* field, const char* expected) const;
  /// For a value whose meaning is not known: Code::unsupported.
  [[noreturn]] void fail_unsupported(const char* field, const std::string& value) const;

 private:
  const Json& value_;
  std::string where_;
};

/// Throws malformed, naming the file and the byte, for what is not JSON or nests too deep.
/// `on_name`, unless empty, sees the names in the outermost object, repeated ones too.
Json parse_json(std::string_view text, const std::string& where,
                const std::function<void(const std::string& name)>& on_name = {});

/// Throws over_limit for a file of more than `limit` bytes.
Json read_json(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace crayon::importers
