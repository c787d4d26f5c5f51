#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "base/bytes.h"
#include "formats/tensor.h"
#include "kernels/layout.h"

namespace crayon::kernels {
struct KernelSet;
}

namespace crayon::model {

/// Where the parts of a packed matrix lie, in bytes from its beginning. Its size is a multiple of
/// the alignment, so that matrices can lie end to end.
struct PackedShape {
  static constexpr std::uint64_t alignment = 64;  ///< a cache line, and any kernel set's vector

  std::uint64_t numbers = 0;      ///< bytes, at 0
  std::uint64_t scales = 0;       ///< of int8: where the f32 scales [padded_rows] lie
  std::uint64_t scale_bytes = 0;  ///< of those
  std::uint64_t size = 0;         ///< bytes of all

  /// Bytes without the gaps.
  std::uint64_t used() const { return numbers + scale_bytes; }

  PackedShape(formats::Dtype dtype, formats::Shape shape, const kernels::Layout& layout);
};

/// Weights W [rows][inputs] of y = W x, in the form that the kernels read: int8 or int4 packed as a
/// kernel set's layout says, or f16 or f32 row-major. A view: the numbers lie in the model's
/// WeightMemory.
class Matrix {
 public:
  struct I8 {
    std::span<const std::int8_t> data;  ///< packed, layout.i8.packed_bytes(rows, inputs)
    std::span<const float> scale;       ///< [padded_rows], zeros in the padding
  };
  struct I4 {
    std::span<const std::uint8_t> data;  ///< packed, layout.i4.packed_bytes(rows, inputs)
  };
  using F16 = std::span<const std::uint16_t>;  ///< [rows][inputs]
  using F32 = std::span<const float>;          ///< [rows][inputs]
  using Numbers = std::variant<I8, I4, F16, F32>;

  Matrix() = default;
  /// `packed` has PackedShape::size bytes and its alignment.
  Matrix(formats::Dtype dtype, formats::Shape shape, const kernels::Layout& layout,
         ByteSpan packed);

  std::size_t rows() const { return rows_; }
  std::size_t inputs() const { return inputs_; }
  const Numbers& numbers() const { return numbers_; }
  /// Whether the kernels multiply it with int8 activations.
  bool is_quantized() const {
    return std::holds_alternative<I8>(numbers_) || std::holds_alternative<I4>(numbers_);
  }
  bool is_f32() const { return std::holds_alternative<F32>(numbers_); }

  /// What the beginning of a row_range() is a multiple of: whole blocks of every packed layout, of
  /// which each begins where vectors may.
  static constexpr std::size_t row_range_multiple = 64;

  /// Rows [begin, end) alone, as a view.
  Matrix row_range(std::size_t begin, std::size_t end, const kernels::Layout& layout) const;

  /// Row `row` as floats into out [inputs]; `unpacked` [inputs] is scratch.
  void read_row(std::size_t row, const kernels::KernelSet& kernels, std::int8_t* unpacked,
                float* out) const;

 private:
  std::size_t rows_ = 0;
  std::size_t inputs_ = 0;
  Numbers numbers_;
};

}  // namespace crayon::model
