#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "formats/hash.h"

namespace crayon::store {

using Json = nlohmann::ordered_json;

/// The object in a small JSON file, with getters that name the file and the field when a value is
/// missing or of another type (Code::malformed).
class JsonFile {
 public:
  /// Throws over_limit for more than `limit` bytes, and malformed unless there is an object in it
  /// whose "format" is `format`.
  JsonFile(const std::filesystem::path& path, std::uint64_t limit, const char* format);

  std::uint64_t number(const char* field) const { return number(json_, field); }
  std::string text(const char* field) const { return text(json_, field); }
  const Json& list(const char* field) const;
  bool has(const char* field) const { return json_.contains(field) && !json_.at(field).is_null(); }
  const Json& object(const char* field) const;

  // The same of an object within.
  std::uint64_t number(const Json& object, const char* field) const;
  std::string text(const Json& object, const char* field) const;
  bool boolean(const Json& object, const char* field) const;
  /// Hexadecimal digits that fill `bytes`.
  void hex(const Json& object, const char* field, MutableByteSpan bytes) const;
  void hex(const char* field, MutableByteSpan bytes) const { hex(json_, field, bytes); }
  /// Whole numbers from 0 on.
  std::vector<std::int32_t> numbers(const char* field) const;

  [[noreturn]] void fail(const char* field, const char* expected) const;

 private:
  std::filesystem::path path_;
  Json json_;
};

/// Writes `json` whole or not at all, and so that a power cut does not lose it.
void write_json(const std::filesystem::path& path, const Json& json);

}  // namespace crayon::store
