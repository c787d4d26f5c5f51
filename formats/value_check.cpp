#include "formats/value_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace crayon::formats {
namespace {

std::size_t float_size(Dtype dtype) {
  return dtype == Dtype::f16 || dtype == Dtype::i4 ? 2 : 4;
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

// Numbers that are looked at together: a loop of known length without a way out, and a result as
// wide as the numbers, is what compilers vectorise.
constexpr std::size_t block_size = 4096;

template <typename Bits, typename Valid>
bool block_is_valid(const std::uint8_t* bytes, Valid valid) {
  Bits bad = 0;
  for (std::size_t i = 0; i < block_size; ++i) {
    bad |= valid(load_le<Bits>(bytes + i * sizeof(Bits))) ? Bits{0} : Bits{1};
  }
  return bad == 0;
}

// First of `count` numbers that `valid` refuses, or `count`.
template <typename Bits, typename Valid>
std::size_t first_invalid(const std::uint8_t* bytes, std::size_t count, Valid valid) {
  std::size_t i = 0;
  while (count - i >= block_size && block_is_valid<Bits>(bytes + i * sizeof(Bits), valid)) {
    i += block_size;
  }
  while (i < count && valid(load_le<Bits>(bytes + i * sizeof(Bits)))) {
    ++i;
  }
  return i;
}

}  // namespace

ValueCheck::ValueCheck(std::string_view tensor, Dtype dtype, Shape shape, std::uint64_t start)
    : tensor_(tensor), dtype_(dtype), shape_(shape) {
  const std::uint64_t bytes = stored_bytes(dtype, shape, tensor);
  if (dtype == Dtype::i8) {
    integers_ = shape.rows * shape.cols;
  } else if (dtype == Dtype::i4) {
    integers_ = i4_nibble_bytes(shape.cols);
  }
  floats_ = (dtype == Dtype::i4 ? i4_row_bytes(shape.cols) : bytes) - integers_;
  start_run();
  if (start > 0) {
    skip(start);
  }
}

void ValueCheck::skip(std::uint64_t bytes) {
  const std::uint64_t run = integers_ + floats_;
  runs_ += bytes / run;
  const std::uint64_t integers = std::min(bytes % run, integers_);
  const std::uint64_t floats = bytes % run - integers;
  integers_left_ -= integers;
  floats_left_ -= floats;
  position_ = floats / float_size(dtype_);
}

void ValueCheck::start_run() {
  ++runs_;
  integers_left_ = integers_;
  floats_left_ = floats_;
  position_ = 0;
}

std::uint64_t ValueCheck::row_of(std::uint64_t number) const {
  return dtype_ == Dtype::i4 ? runs_ - 1 : number / shape_.cols;
}

void ValueCheck::fail(std::uint64_t row, std::string_view problem) const {
  throw Error(Code::corrupt, fmt::format("tensor {}, row {}: {}", tensor_, row, problem));
}

void ValueCheck::feed(ByteSpan bytes) {
  while (!bytes.empty()) {
    if (integers_left_ == 0 && floats_left_ == 0) {
      start_run();
    }
    std::uint64_t& left = integers_left_ > 0 ? integers_left_ : floats_left_;
    const ByteSpan piece = bytes.first(std::min<std::uint64_t>(left, bytes.size()));
    if (integers_left_ > 0) {
      check_integers(piece);
    } else {
      feed_floats(piece);
    }
    left -= piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

void ValueCheck::check_integers(ByteSpan bytes) const {
  if (dtype_ == Dtype::i4) {
    check_padding(bytes);
    return;
  }
  const std::size_t found = first_invalid<std::uint8_t>(bytes.data(), bytes.size(), symmetric);
  if (found < bytes.size()) {
    fail(row_of(integers_ - integers_left_ + found), "-128 is not a symmetric int8 weight");
  }
}

// Nibbles of a row from where integers_left_ says. Only its last group can be padded.
void ValueCheck::check_padding(ByteSpan nibbles) const {
  constexpr std::size_t half = i4_group / 2;
  const std::size_t used = shape_.cols % i4_group;
  if (used == 0) {
    return;
  }
  const std::uint64_t skipped = integers_left_ > half ? integers_left_ - half : 0;
  for (std::uint64_t i = skipped; i < nibbles.size(); ++i) {
    const std::size_t j = half - (integers_left_ - i);  // of the group's bytes
    constexpr unsigned zero = 8;
    if ((j >= used && (nibbles[i] & 0x0fu) != zero) ||
        (j + half >= used && nibbles[i] >> 4 != zero)) {
      fail(row_of(0), "an int4 weight in the padding is not 0");
    }
  }
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
    case Dtype::i4:
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
    fail(row_of(index),
         dtype_ == Dtype::i4 ? "a scale is not a finite number" : "not a finite number");
  }
  position_ += count;
}

}  // namespace crayon::formats
