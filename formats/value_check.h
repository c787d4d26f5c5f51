#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "formats/tensor.h"

namespace crayon::formats {

/// Checks the numbers of one tensor as its stored bytes pass by in pieces of any size: floats
/// are finite, scales are not below 0, int8 is never -128 (kernels rely on the symmetry).
class ValueCheck {
 public:
  /// The bytes fed in all must be no more than stored_bytes(dtype, shape).
  ValueCheck(std::string_view tensor, Dtype dtype, Shape shape);

  /// Throws corrupt, naming the tensor and the row.
  void feed(ByteSpan bytes);

 private:
  void feed_floats(ByteSpan bytes);
  void check_floats(const std::uint8_t* bytes, std::size_t count);
  [[noreturn]] void fail(std::uint64_t row, std::string_view problem) const;

  std::string tensor_;
  Dtype dtype_;
  Shape shape_;
  std::uint64_t bytes_left_;             // of int8
  std::uint64_t position_ = 0;           // numbers checked: int8 first, then floats from 0 again
  std::array<std::uint8_t, 4> split_{};  // a float that began in an earlier piece
  std::size_t split_size_ = 0;
};

}  // namespace crayon::formats
