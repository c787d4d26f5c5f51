#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace crayon::formats {

/// BLAKE2b-256 (RFC 7693).
using Hash = std::array<std::uint8_t, 32>;

/// Two lower-case hexadecimal digits a byte.
std::string to_hex(ByteSpan bytes);
/// Fills `bytes` from such digits; false when `text` is anything else.
bool from_hex(std::string_view text, MutableByteSpan bytes);

Hash hash_of(ByteSpan bytes);

/// The hash of bytes that arrive in pieces.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void update(ByteSpan bytes);
  /// Call once, last.
  Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::formats
