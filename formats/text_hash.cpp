#include "formats/text_hash.h"

#include <random>

namespace crayon::formats {

std::uint64_t TextHash::point() {
  static const std::uint64_t drawn = [] {
    std::random_device device;
    const std::uint64_t bits = static_cast<std::uint64_t>(device()) << 32 | device();
    return bits % (prime - 256) + 256;
  }();
  return drawn;
}

}  // namespace crayon::formats
