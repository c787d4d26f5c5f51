#include "formats/value_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace crayon::formats {
namespace {

std::size_t float_size(Dtype dtype) {
  return dtype == Dtype::f16 ? 2 : 4;
}

bool symmetric(std::uint8_t bits) {
  return bits != 0x80u;
}  // -128
bool finite_f16(std::uint16_t bits) {
  return (bits & 0x7c00u) != 0x7c00u;
}
bool finite_f32(std::uint32_t bits) {
  return (bits & 0x7f800000u) != 0x7f800000u;
}
bool valid_scale(std::uint32_t bits) {
  return bits < 0x7f800000u;
}

// First of `count` numbers that `valid` refuses, or `count`. Counting the bad ones of a block
// without leaving early is a loop that compilers vectorise.
template <typename Bits, typename Valid>
std::size_t first_invalid(const std::uint8_t* bytes, std::size_t count, Valid valid) {
  constexpr std::size_t block = 4096;
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t end = std::min(count, begin + block);
    std::uint32_t bad = 0;
    for (std::size_t i = begin; i < end; ++i) {
      bad += valid(load_le<Bits>(bytes + i * sizeof(Bits))) ? 0u : 1u;
    }
    for (std::size_t i = begin; bad != 0 && i < end; ++i) {
      if (!valid(load_le<Bits>(bytes + i * sizeof(Bits)))) {
        return i;
      }
    }
  }
  return count;
}

}  // namespace

ValueCheck::ValueCheck(std::string_view tensor, Dtype dtype, Shape shape)
    : tensor_(tensor),
      dtype_(dtype),
      shape_(shape),
      bytes_left_(dtype == Dtype::i8 ? shape.rows * shape.cols : 0) {}

void ValueCheck::fail(std::uint64_t row, std::string_view problem) const {
  throw Error(Code::corrupt, fmt::format("tensor {}, row {}: {}", tensor_, row, problem));
}

void ValueCheck::feed(ByteSpan bytes) {
  if (bytes_left_ > 0) {
    const ByteSpan weights = bytes.first(std::min<std::uint64_t>(bytes_left_, bytes.size()));
    const std::size_t found =
        first_invalid<std::uint8_t>(weights.data(), weights.size(), symmetric);
    if (found < weights.size()) {
      fail((position_ + found) / shape_.cols, "-128 is not a symmetric int8 weight");
    }
    bytes_left_ -= weights.size();
    position_ = bytes_left_ == 0 ? 0 : position_ + weights.size();
    bytes = bytes.subspan(weights.size());
  }
  feed_floats(bytes);
}

void ValueCheck::feed_floats(ByteSpan bytes) {
  const std::size_t size = float_size(dtype_);
  while (split_size_ > 0 && !bytes.empty()) {
    split_[split_size_++] = bytes.front();
    bytes = bytes.subspan(1);
    if (split_size_ == size) {
      check_floats(split_.data(), 1);
      split_size_ = 0;
    }
  }
  const std::size_t whole = bytes.size() / size;
  check_floats(bytes.data(), whole);
  for (const std::uint8_t byte : bytes.subspan(whole * size)) {
    split_[split_size_++] = byte;
  }
}

void ValueCheck::check_floats(const std::uint8_t* bytes, std::size_t count) {
  std::size_t found = count;
  switch (dtype_) {
    case Dtype::f32:
      found = first_invalid<std::uint32_t>(bytes, count, finite_f32);
      break;
    case Dtype::f16:
      found = first_invalid<std::uint16_t>(bytes, count, finite_f16);
      break;
    case Dtype::i8:
      found = first_invalid<std::uint32_t>(bytes, count, valid_scale);
      break;
  }
  if (found < count) {
    const std::uint64_t index = position_ + found;
    if (dtype_ == Dtype::i8) {
      fail(index, "its scale is not a finite number from 0 on");
    }
    fail(index / shape_.cols, "not a finite number");
  }
  position_ += count;
}

}  // namespace crayon::formats
