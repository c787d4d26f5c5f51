#include "runtime/model/matrix.h"

#include <cassert>
#include <cstring>

#include "base/checked.h"
#include "kernels/kernel_set.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using formats::Shape;

std::uint64_t aligned(std::uint64_t size) {
  constexpr std::uint64_t rest = PackedShape::alignment - 1;
  return checked_add(size, rest, "tensor size") & ~rest;
}

/// `count` numbers from byte `at` on.
template <typename T>
std::span<const T> view(ByteSpan bytes, std::uint64_t at, std::uint64_t count) {
  assert(at + count * sizeof(T) <= bytes.size());
  return {reinterpret_cast<const T*>(bytes.data() + at), static_cast<std::size_t>(count)};
}

Matrix::Numbers numbers_of(Dtype dtype, Shape shape, const kernels::Layout& layout,
                           ByteSpan packed) {
  const PackedShape parts(dtype, shape, layout);
  switch (dtype) {
    case Dtype::i8:
      return Matrix::I8{view<std::int8_t>(packed, 0, parts.numbers),
                        view<float>(packed, parts.scales, layout.i8.padded_rows(shape.rows))};
    case Dtype::i4:
      return Matrix::I4{view<std::uint8_t>(packed, 0, parts.numbers)};
    case Dtype::f16:
      return view<std::uint16_t>(packed, 0, shape.rows * shape.cols);
    case Dtype::f32:
      break;
  }
  return view<float>(packed, 0, shape.rows * shape.cols);
}

}  // namespace

PackedShape::PackedShape(Dtype dtype, Shape shape, const kernels::Layout& layout) {
  switch (dtype) {
    case Dtype::i8:
      numbers = layout.i8.packed_bytes(shape.rows, shape.cols);
      scales = aligned(numbers);
      scale_bytes = layout.i8.padded_rows(shape.rows) * sizeof(float);
      size = aligned(checked_add(scales, scale_bytes, "tensor size"));
      return;
    case Dtype::i4:
      numbers = layout.i4.packed_bytes(shape.rows, shape.cols);
      break;
    case Dtype::f16:
    case Dtype::f32:
      numbers = formats::stored_bytes(dtype, shape, "tensor size");
      break;
  }
  size = aligned(numbers);
}

Matrix::Matrix(Dtype dtype, Shape shape, const kernels::Layout& layout, ByteSpan packed)
    : rows_(shape.rows), inputs_(shape.cols), numbers_(numbers_of(dtype, shape, layout, packed)) {}

Matrix Matrix::row_range(std::size_t begin, std::size_t end, const kernels::Layout& layout) const {
  assert(begin % row_range_multiple == 0 && begin < end && end <= rows_);
  Matrix range;
  range.rows_ = end - begin;
  range.inputs_ = inputs_;
  if (const I8* i8 = std::get_if<I8>(&numbers_)) {
    range.numbers_ = I8{i8->data.subspan(layout.i8.packed_bytes(begin, inputs_),
                                         layout.i8.packed_bytes(range.rows_, inputs_)),
                        i8->scale.subspan(begin, layout.i8.padded_rows(range.rows_))};
  } else if (const I4* i4 = std::get_if<I4>(&numbers_)) {
    range.numbers_ = I4{i4->data.subspan(layout.i4.packed_bytes(begin, inputs_),
                                         layout.i4.packed_bytes(range.rows_, inputs_))};
  } else if (const F16* f16 = std::get_if<F16>(&numbers_)) {
    range.numbers_ = f16->subspan(begin * inputs_, range.rows_ * inputs_);
  } else if (const F32* f32 = std::get_if<F32>(&numbers_)) {
    range.numbers_ = f32->subspan(begin * inputs_, range.rows_ * inputs_);
  }
  return range;
}

void Matrix::read_row(std::size_t row, const kernels::KernelSet& kernels, std::int8_t* unpacked,
                      float* out) const {
  if (const F32* f32 = std::get_if<F32>(&numbers_)) {
    std::memcpy(out, f32->data() + row * inputs_, inputs_ * sizeof(float));
  } else if (const F16* f16 = std::get_if<F16>(&numbers_)) {
    kernels.f16_to_f32(f16->data() + row * inputs_, out, inputs_);
  } else if (const I4* i4 = std::get_if<I4>(&numbers_)) {
    kernels::read_row_i4(kernels.layout.i4, i4->data.data(), row, inputs_, out);
  } else if (const I8* i8 = std::get_if<I8>(&numbers_)) {
    kernels::unpack_row_i8(kernels.layout.i8, i8->data.data(), row, inputs_, unpacked);
    const float scale = i8->scale[row];
    for (std::size_t i = 0; i < inputs_; ++i) {
      out[i] = scale * static_cast<float>(unpacked[i]);
    }
  }
}

}  // namespace crayon::model
