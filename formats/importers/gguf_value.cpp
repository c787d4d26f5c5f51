#include "formats/importers/gguf_value.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t most_elements = 1 << 24;  // some ten times the largest vocabulary

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

std::string read_string(FileCursor& cursor, const std::string& key) {
  const auto size = cursor.read<std::uint64_t>(key);
  return cursor.read_string(size, key);
}

bool read_boolean(FileCursor& cursor, const std::string& key) {
  const auto value = cursor.read<std::uint8_t>(key);
  if (value > 1) {
    cursor.fail(Code::malformed, fmt::format("{} is {}, not a boolean", key, value));
  }
  return value == 1;
}

std::int64_t read_integer(ValueType type, FileCursor& cursor, const std::string& key) {
  switch (type) {
    case ValueType::u8:
      return cursor.read<std::uint8_t>(key);
    case ValueType::i8:
      return cursor.read<std::int8_t>(key);
    case ValueType::u16:
      return cursor.read<std::uint16_t>(key);
    case ValueType::i16:
      return cursor.read<std::int16_t>(key);
    case ValueType::u32:
      return cursor.read<std::uint32_t>(key);
    case ValueType::i32:
      return cursor.read<std::int32_t>(key);
    case ValueType::i64:
      return cursor.read<std::int64_t>(key);
    case ValueType::u64: {
      const auto value = cursor.read<std::uint64_t>(key);
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        cursor.fail(Code::over_limit, fmt::format("{} is {}", key, value));
      }
      return static_cast<std::int64_t>(value);
    }
    default:
      cursor.fail(Code::unsupported, fmt::format("{} has the unknown value type {}", key,
                                                 static_cast<std::uint32_t>(type)));
  }
}

GgufArray read_array(FileCursor& cursor, const std::string& key) {
  const auto type = static_cast<ValueType>(cursor.read<std::uint32_t>(key));
  const auto count = cursor.read<std::uint64_t>(key);
  const std::uint64_t least = least_bytes(type);
  if (type == ValueType::array || least == 0) {
    // Arrays of arrays are in the specification, but no model has one.
    cursor.fail(Code::unsupported,
                fmt::format("{} is an array of type {}", key, static_cast<std::uint32_t>(type)));
  }
  cursor.require(count, least, key);
  if (count > most_elements) {
    cursor.fail(Code::over_limit,
                fmt::format("{} has {} elements, more than {}", key, count, most_elements));
  }
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
      array.strings.push_back(read_string(cursor, key));
    } else if (type == ValueType::f32) {
      array.floats.push_back(cursor.read<float>(key));
    } else if (type == ValueType::f64) {
      array.floats.push_back(static_cast<float>(cursor.read<double>(key)));
    } else if (type == ValueType::boolean) {
      array.integers.push_back(read_boolean(cursor, key) ? 1 : 0);
    } else {
      array.integers.push_back(read_integer(type, cursor, key));
    }
  }
  return array;
}

}  // namespace

GgufValue read_gguf_value(FileCursor& cursor, const std::string& key) {
  const auto type = static_cast<ValueType>(cursor.read<std::uint32_t>(key));
  switch (type) {
    case ValueType::f32:
      return static_cast<double>(cursor.read<float>(key));
    case ValueType::f64:
      return cursor.read<double>(key);
    case ValueType::boolean:
      return read_boolean(cursor, key);
    case ValueType::array:
      return read_array(cursor, key);
    case ValueType::string:
      return read_string(cursor, key);
    default:
      return read_integer(type, cursor, key);
  }
}

}  // namespace crayon::importers
