#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "formats/tensor.h"

namespace crayon::formats {

/// Checks the numbers of one tensor as its stored bytes pass by in pieces of any size: floats
/// are finite, scales of int8 are not below 0, int8 is never -128 (kernels rely on the symmetry),
/// int4 is 0 in the padding.
class ValueCheck {
 public:
  /// The bytes begin at `start` in the tensor, where a row or a scale does, and there must be no
  /// more of them than the tensor has from there on.
  ValueCheck(std::string_view tensor, Dtype dtype, Shape shape, std::uint64_t start = 0);

  /// Throws corrupt, naming the tensor and the row.
  void feed(ByteSpan bytes);

 private:
  void start_run();
  void skip(std::uint64_t bytes);
  void check_integers(ByteSpan bytes) const;
  void check_padding(ByteSpan nibbles) const;
  void feed_floats(ByteSpan bytes);
  void check_floats(const std::uint8_t* bytes, std::size_t count);
  std::uint64_t row_of(std::uint64_t number) const;
  [[noreturn]] void fail(std::uint64_t row, std::string_view problem) const;

  std::string tensor_;
  Dtype dtype_;
  Shape shape_;
  // Bytes come in runs of integers and the floats behind them: a row of i4, else the tensor.
  std::uint64_t runs_ = 0;               // begun
  std::uint64_t integers_ = 0;           // bytes of a run
  std::uint64_t floats_ = 0;             // bytes of a run
  std::uint64_t integers_left_ = 0;      // bytes of this run
  std::uint64_t floats_left_ = 0;        // bytes of this run
  std::uint64_t position_ = 0;           // floats of this run that are checked
  std::array<std::uint8_t, 4> split_{};  // a float that began in an earlier piece
  std::size_t split_size_ = 0;
};

}  // namespace crayon::formats
