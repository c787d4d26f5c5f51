#include "formats/importers/gguf_parser.h"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "formats/importers/file_cursor.h"
#include "formats/importers/ggml_type.h"

namespace crayon::importers {
namespace {

constexpr std::uint32_t magic = 0x46554747;  // "GGUF"
constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t largest_alignment = 1 << 20;

// Far above what real files hold; they keep a hostile file from costing more than its size.
constexpr std::uint64_t most_entries = 1 << 16;        // keys, and tensors
constexpr std::uint64_t longest_name = (1 << 16) - 1;  // of a key: docs/gguf.md
constexpr std::uint32_t most_dimensions = 4;

enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

// The bytes that a value takes at least; 0 for a type that is not known.
std::uint64_t least_bytes(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
    case ValueType::string:
      return 8;
    case ValueType::array:
      return 12;
  }
  return 0;
}

// Fills a GgufContent front to back.
class Parser {
 public:
  explicit Parser(const File& file) : file_(file), cursor_(file) {}

  GgufContent run() {
    read_header();
    for (std::uint64_t i = 0; i < key_count_; ++i) {
      read_entry();
    }
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      read_tensor();
    }
    place_tensors();
    return std::move(content_);
  }

 private:
  [[noreturn]] void fail(Code code, const std::string& what, const std::string& hint = {}) const {
    throw Error(code, fmt::format("{}: {}", file_.path().string(), what), hint);
  }

  void read_header() {
    if (cursor_.read<std::uint32_t>("the magic number") != magic) {
      fail(Code::malformed, "not a GGUF file: it does not start with \"GGUF\"");
    }
    const auto version = cursor_.read<std::uint32_t>("the version");
    if ((version & 0xffffu) == 0 && version != 0) {
      fail(Code::unsupported, "a big-endian GGUF", "convert the model to a little-endian GGUF");
    }
    if (version != 2 && version != 3) {
      fail(Code::unsupported, fmt::format("GGUF version {}; 2 and 3 are known", version),
           "convert the model again with a current tool");
    }
    tensor_count_ = read_count("the number of tensors", 24);
    key_count_ = read_count("the number of keys", 13);
  }

  std::uint64_t read_count(std::string_view field, std::uint64_t least) {
    const auto count = cursor_.read<std::uint64_t>(field);
    if (count > most_entries) {
      fail(Code::over_limit, fmt::format("{} is {}, more than {}", field, count, most_entries));
    }
    cursor_.require(count, least, field);
    return count;
  }

  std::string read_string(std::string_view field) {
    const auto size = cursor_.read<std::uint64_t>(field);
    return cursor_.read_string(size, field);
  }

  std::string read_name(std::string_view field) {
    const auto size = cursor_.read<std::uint64_t>(field);
    if (size == 0 || size > longest_name) {
      fail(Code::malformed, fmt::format("{} has {} bytes", field, size));
    }
    return cursor_.read_string(size, field);
  }

  void read_entry() {
    const std::string key = read_name("a key");
    const auto type = static_cast<ValueType>(cursor_.read<std::uint32_t>(key));
    GgufValue value = type == ValueType::array ? GgufValue(read_array(key)) : read_value(type, key);
    if (!content_.metadata.emplace(key, std::move(value)).second) {
      fail(Code::malformed, fmt::format("the key {} appears twice", key));
    }
  }

  GgufValue read_value(ValueType type, const std::string& key) {
    switch (type) {
      case ValueType::f32:
        return static_cast<double>(cursor_.read<float>(key));
      case ValueType::f64:
        return cursor_.read<double>(key);
      case ValueType::boolean:
        return read_boolean(key);
      case ValueType::string:
        return read_string(key);
      default:
        return read_integer(type, key);
    }
  }

  bool read_boolean(const std::string& key) {
    const auto value = cursor_.read<std::uint8_t>(key);
    if (value > 1) {
      fail(Code::malformed, fmt::format("{} is {}, not a boolean", key, value));
    }
    return value == 1;
  }

  std::int64_t read_integer(ValueType type, const std::string& key) {
    switch (type) {
      case ValueType::u8:
        return cursor_.read<std::uint8_t>(key);
      case ValueType::i8:
        return cursor_.read<std::int8_t>(key);
      case ValueType::u16:
        return cursor_.read<std::uint16_t>(key);
      case ValueType::i16:
        return cursor_.read<std::int16_t>(key);
      case ValueType::u32:
        return cursor_.read<std::uint32_t>(key);
      case ValueType::i32:
        return cursor_.read<std::int32_t>(key);
      case ValueType::i64:
        return cursor_.read<std::int64_t>(key);
      case ValueType::u64: {
        const auto value = cursor_.read<std::uint64_t>(key);
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
          fail(Code::over_limit, fmt::format("{} is {}", key, value));
        }
        return static_cast<std::int64_t>(value);
      }
      default:
        fail(Code::unsupported, fmt::format("{} has the unknown value type {}", key,
                                            static_cast<std::uint32_t>(type)));
    }
  }

  GgufArray read_array(const std::string& key) {
    const auto type = static_cast<ValueType>(cursor_.read<std::uint32_t>(key));
    const auto count = cursor_.read<std::uint64_t>(key);
    const std::uint64_t least = least_bytes(type);
    if (type == ValueType::array || least == 0) {
      // Arrays of arrays are in the specification, but no model has one.
      fail(Code::unsupported,
           fmt::format("{} is an array of type {}", key, static_cast<std::uint32_t>(type)));
    }
    cursor_.require(count, least, key);
    GgufArray array;
    if (type == ValueType::string) {
      array.strings.reserve(count);
    } else if (type == ValueType::f32 || type == ValueType::f64) {
      array.floats.reserve(count);
    } else {
      array.integers.reserve(count);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      if (type == ValueType::string) {
        array.strings.push_back(read_string(key));
      } else if (type == ValueType::f32) {
        array.floats.push_back(cursor_.read<float>(key));
      } else if (type == ValueType::f64) {
        array.floats.push_back(static_cast<float>(cursor_.read<double>(key)));
      } else if (type == ValueType::boolean) {
        array.integers.push_back(read_boolean(key) ? 1 : 0);
      } else {
        array.integers.push_back(read_integer(type, key));
      }
    }
    return array;
  }

  void read_tensor() {
    GgufTensor tensor;
    tensor.name = read_name("a tensor's name");
    const auto dimensions = cursor_.read<std::uint32_t>(tensor.name);
    if (dimensions == 0 || dimensions > most_dimensions) {
      fail(Code::malformed, fmt::format("{} has {} dimensions", tensor.name, dimensions));
    }
    std::uint64_t sizes[most_dimensions] = {1, 1, 1, 1};  // fastest first
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      sizes[i] = cursor_.read<std::uint64_t>(tensor.name);
    }
    // More than two dimensions fold into the rows; no tensor that is known has them.
    tensor.shape.cols = sizes[0];
    tensor.shape.rows =
        checked_mul(checked_mul(sizes[1], sizes[2], tensor.name), sizes[3], tensor.name);
    if (tensor.shape.cols == 0 || tensor.shape.rows == 0) {
      fail(Code::malformed, fmt::format("{} is empty", tensor.name));
    }
    tensor.type = cursor_.read<std::uint32_t>(tensor.name);
    tensor.offset = cursor_.read<std::uint64_t>(tensor.name);
    if (!content_.tensor_index.emplace(tensor.name, content_.tensors.size()).second) {
      fail(Code::malformed, fmt::format("the tensor {} appears twice", tensor.name));
    }
    content_.tensors.push_back(std::move(tensor));
  }

  // Offsets count from the first aligned byte behind the descriptions.
  void place_tensors() {
    const std::uint64_t alignment = read_alignment();
    const std::uint64_t start = (cursor_.position() + alignment - 1) / alignment * alignment;
    for (GgufTensor& tensor : content_.tensors) {
      if (tensor.offset % alignment != 0) {
        fail(Code::corrupt, fmt::format("{} starts at {}, which is no multiple of {}", tensor.name,
                                        tensor.offset, alignment));
      }
      tensor.offset = checked_add(start, tensor.offset, tensor.name);
      const std::uint64_t end = checked_add(tensor.offset, stored_bytes(tensor), tensor.name);
      if (end > file_.size()) {
        fail(Code::truncated,
             fmt::format("the tensor {} ends at byte {}, but the file has {}", tensor.name, end,
                         file_.size()),
             "copy or download the file again");
      }
    }
  }

  std::uint64_t read_alignment() const {
    const auto found = content_.metadata.find("general.alignment");
    if (found == content_.metadata.end()) {
      return default_alignment;
    }
    const auto* value = std::get_if<std::int64_t>(&found->second);
    const std::int64_t alignment = value != nullptr ? *value : 0;
    if (alignment <= 0 || alignment > static_cast<std::int64_t>(largest_alignment) ||
        !std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
      fail(Code::malformed, fmt::format("general.alignment is {}", alignment));
    }
    return static_cast<std::uint64_t>(alignment);
  }

  // 0 for a type of unknown size: such a tensor is never read.
  std::uint64_t stored_bytes(const GgufTensor& tensor) const {
    const GgmlType* type = find_ggml_type(tensor.type);
    if (type == nullptr) {
      return 0;
    }
    if (tensor.shape.cols % type->block_elements != 0) {
      fail(Code::corrupt, fmt::format("{} has {} columns, not whole blocks of {}", tensor.name,
                                      tensor.shape.cols, type->name));
    }
    const std::uint64_t row =
        checked_mul(tensor.shape.cols / type->block_elements, type->block_bytes, tensor.name);
    return checked_mul(row, tensor.shape.rows, tensor.name);
  }

  const File& file_;
  FileCursor cursor_;
  GgufContent content_;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t key_count_ = 0;
};

}  // namespace

GgufContent parse_gguf(const File& file) {
  return Parser(file).run();
}

}  // namespace crayon::importers
