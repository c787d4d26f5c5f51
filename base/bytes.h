#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace crayon {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian and are read without swapping");

using ByteSpan = std::span<const std::uint8_t>;
using MutableByteSpan = std::span<std::uint8_t>;

/// Reads a T from possibly unaligned little-endian bytes.
template <typename T>
T load_le(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// Writes a T to possibly unaligned bytes, little-endian.
template <typename T>
void store_le(std::uint8_t* bytes, T value) {
  std::memcpy(bytes, &value, sizeof value);
}

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <typename T>
ByteSpan as_bytes(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

template <typename T>
MutableByteSpan as_writable_bytes(std::span<T> values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace crayon
