#include "base/checked.h"

#include <fmt/format.h>

#include "base/error.h"

namespace crayon {

std::uint64_t checked_add(std::uint64_t a, std::uint64_t b, std::string_view field) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    throw Error(Code::corrupt, fmt::format("{}: {} + {} overflows 64 bits", field, a, b));
  }
  return sum;
}

std::uint64_t checked_mul(std::uint64_t a, std::uint64_t b, std::string_view field) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    throw Error(Code::corrupt, fmt::format("{}: {} x {} overflows 64 bits", field, a, b));
  }
  return product;
}

void check_range(std::uint64_t offset, std::uint64_t size, std::uint64_t limit,
                 std::string_view field) {
  if (offset > limit || size > limit - offset) {
    throw Error(Code::corrupt, fmt::format("{}: {} bytes at offset {} reach beyond the end at {}",
                                           field, size, offset, limit));
  }
}

}  // namespace crayon
