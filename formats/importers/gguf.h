#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "formats/tensor.h"

namespace crayon::importers {

/// An array in the metadata. One list is filled, by the type of the elements.
struct GgufArray {
  std::vector<std::int64_t> integers;
  std::vector<float> floats;
  std::vector<std::string> strings;
  bool operator==(const GgufArray&) const = default;
};

/// Integers of all widths are int64 (a uint64 above its range is refused), floats are double.
using GgufValue = std::variant<std::int64_t, double, bool, std::string, GgufArray>;

struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;    ///< see ggml_type.h
  formats::Shape shape;      ///< rows are ggml's second dimension, columns its first
  std::uint64_t offset = 0;  ///< of its bytes, from the start of the file
};

struct GgufContent {
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::vector<GgufTensor> tensors;
  std::map<std::string, std::size_t, std::less<>> tensor_index;  ///< by name
};

/// A GGUF file, version 2 or 3, little-endian (ggml, docs/gguf.md). The constructor reads all
/// but the tensors' numbers and checks every count, size and offset against the file. Every
/// failure is an Error that names the file and the field. Const functions are safe from several
/// threads.
class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path);

  /// Whether the file starts like a GGUF.
  static bool is_one(const File& file);

  const File& file() const { return file_; }
  const std::filesystem::path& path() const { return file_.path(); }
  const std::vector<GgufTensor>& tensors() const { return content_.tensors; }
  const GgufTensor* find_tensor(std::string_view name) const;

  // The metadata: empty (null) when the key is absent; throws malformed, naming the key, when
  // its value is of another type.
  std::optional<std::int64_t> integer(std::string_view key) const;
  /// A float, or an integer as one.
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  const std::string* text(std::string_view key) const;
  const GgufArray* array(std::string_view key) const;
  /// Of any type.
  const GgufValue* find_value(std::string_view key) const;

  /// Throws malformed: a key that is needed is absent.
  [[noreturn]] void fail_missing(std::string_view key) const;

  /// Throws unsupported, naming tensor and type, unless read_rows can read it.
  void check_readable(const GgufTensor& tensor) const;

  /// Rows [begin, begin + count) as floats in the file's own order, into out [count][cols].
  void read_rows(const GgufTensor& tensor, std::uint64_t begin, std::uint64_t count,
                 std::span<float> out) const;

 private:
  template <typename T>
  const T* value(std::string_view key, const char* type) const;

  File file_;
  GgufContent content_;
};

}  // namespace crayon::importers
