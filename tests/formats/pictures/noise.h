#pragma once

#include <cstdint>
#include <vector>

namespace crayon::test {

/// Bytes without pattern, the same ones everywhere.
inline std::vector<std::uint8_t> noise(std::size_t size, std::uint32_t seed) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) {
    seed = seed * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(seed >> 24);
  }
  return bytes;
}

}  // namespace crayon::test
