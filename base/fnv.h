#pragma once

#include <cstdint>
#include <string_view>

namespace crayon {

/// FNV-1a of 64 bits (Fowler, Noll, Vo), for seeds; not for hostile input.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char character : text) {
    hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace crayon
