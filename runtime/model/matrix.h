#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "formats/bundle.h"
#include "kernels/kernel_set.h"
#include "runtime/model/aligned.h"

namespace crayon::model {

/// Weights W [rows][inputs] of y = W x, in the form that the kernels read: int8 or int4
/// packed as a kernel set's layout says, or f16 or f32 row-major.
class Matrix {
 public:
  struct I8 {
    AlignedArray<std::int8_t> data;  ///< packed, layout.i8.packed_bytes(rows, inputs)
    AlignedArray<float> scale;       ///< [padded_rows], zeros in the padding
  };
  /// Packed, layout.i4.packed_bytes(rows, inputs).
  struct I4 {
    AlignedArray<std::uint8_t> data;
  };
  using F16 = AlignedArray<std::uint16_t>;  ///< [rows][inputs]
  using F32 = AlignedArray<float>;          ///< [rows][inputs]
  using Numbers = std::variant<I8, I4, F16, F32>;

  Matrix() = default;

  /// Reads a tensor row by row into its place, so that what is held besides the result is a few
  /// frames. Throws missing_tensor; bad_shape unless its shape is `shape`; what Bundle::read does.
  static Matrix load(const formats::Bundle& bundle, const std::string& name, formats::Shape shape,
                     const kernels::Layout& layout);

  /// Bytes that load() keeps for such a tensor.
  static std::uint64_t bytes(formats::Dtype dtype, formats::Shape shape,
                             const kernels::Layout& layout);

  std::size_t rows() const { return rows_; }
  std::size_t inputs() const { return inputs_; }
  const Numbers& numbers() const { return numbers_; }
  /// Whether the kernels multiply it with int8 activations.
  bool is_quantized() const {
    return std::holds_alternative<I8>(numbers_) || std::holds_alternative<I4>(numbers_);
  }
  bool is_f32() const { return std::holds_alternative<F32>(numbers_); }
  /// The numbers of a matrix that is f32.
  F32 take_f32() && { return std::get<F32>(std::move(numbers_)); }

  /// Row `row` as floats into out [inputs]; `unpacked` [inputs] is scratch.
  void read_row(std::size_t row, const kernels::KernelSet& kernels, std::int8_t* unpacked,
                float* out) const;

 private:
  std::size_t rows_ = 0;
  std::size_t inputs_ = 0;
  Numbers numbers_;
};

}  // namespace crayon::model
