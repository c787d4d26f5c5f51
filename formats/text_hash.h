#pragma once

#include <cstdint>
#include <string_view>

namespace crayon::formats {

/// A hash of texts in which that of a concatenation follows from those of its parts: a polynomial
/// over the bytes, modulo the prime 2^61 - 1. Whoever knows the point at which it is taken can make
/// texts that collide; `point` is hence drawn anew in each process, which no result depends on.
class TextHash {
 public:
  static constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;

  /// The hash of a text, and point^size, by which a text in front of it is moved on.
  struct Value {
    std::uint64_t hash = 0;
    std::uint64_t shift = 1;
  };

  static Value of(std::string_view text) {
    const std::uint64_t at = point();
    Value value;
    for (const char c : text) {
      value.hash = reduced(multiply(value.hash, at) + static_cast<std::uint8_t>(c) + 1);
      value.shift = multiply(value.shift, at);
    }
    return value;
  }

  static Value joined(Value left, Value right) {
    return {reduced(multiply(left.hash, right.shift) + right.hash),
            multiply(left.shift, right.shift)};
  }

 private:
  static std::uint64_t point();

  static std::uint64_t reduced(std::uint64_t x) { return x >= prime ? x - prime : x; }
  static std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return reduced(static_cast<std::uint64_t>(product & prime) +
                   static_cast<std::uint64_t>(product >> 61));
  }
};

}  // namespace crayon::formats
