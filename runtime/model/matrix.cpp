#include "runtime/model/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/checked.h"

namespace crayon::model {
namespace {

using formats::Bundle;
using formats::Dtype;
using formats::Shape;
using formats::TensorEntry;

/// Copies the stored bytes of a tensor, or of a part of it, into `out` as they come.
class Filler {
 public:
  explicit Filler(MutableByteSpan out) : rest_(out) {}
  /// Takes what fits from the front of `piece`, and returns what is left of it.
  ByteSpan take(ByteSpan piece) {
    const std::size_t size = std::min(piece.size(), rest_.size());
    if (size != 0) {
      std::memcpy(rest_.data(), piece.data(), size);
    }
    rest_ = rest_.subspan(size);
    return piece.subspan(size);
  }
  bool full() const { return rest_.empty(); }

 private:
  MutableByteSpan rest_;
};

template <typename T>
AlignedArray<T> load_float(const Bundle& bundle, const TensorEntry& tensor) {
  AlignedArray<T> numbers(tensor.shape.rows * tensor.shape.cols);
  Filler filler(as_writable_bytes(numbers.span()));
  bundle.read(tensor, [&](ByteSpan piece) { filler.take(piece); });
  return numbers;
}

Matrix::I8 load_i8(const Bundle& bundle, const TensorEntry& tensor, const kernels::Layout& layout) {
  const std::size_t rows = tensor.shape.rows;
  const std::size_t inputs = tensor.shape.cols;
  Matrix::I8 result{AlignedArray<std::int8_t>(layout.i8.packed_bytes(rows, inputs)),
                    AlignedArray<float>(layout.i8.padded_rows(rows))};
  result.data.fill_zero();
  result.scale.fill_zero();

  std::vector<std::int8_t> row(inputs);
  Filler row_filler(as_writable_bytes(std::span(row)));
  Filler scale_filler(as_writable_bytes(result.scale.span().first(rows)));
  std::size_t rows_done = 0;
  bundle.read(tensor, [&](ByteSpan piece) {
    while (!piece.empty() && rows_done < rows) {
      piece = row_filler.take(piece);
      if (row_filler.full()) {
        kernels::pack_row_i8(layout.i8, row.data(), rows_done, inputs, result.data.data());
        ++rows_done;
        row_filler = Filler(as_writable_bytes(std::span(row)));
      }
    }
    scale_filler.take(piece);
  });
  return result;
}

Matrix::I4 load_i4(const Bundle& bundle, const TensorEntry& tensor, const kernels::Layout& layout) {
  const std::size_t rows = tensor.shape.rows;
  const std::size_t inputs = tensor.shape.cols;
  Matrix::I4 result{AlignedArray<std::uint8_t>(layout.i4.packed_bytes(rows, inputs))};
  kernels::clear_i4(layout.i4, rows, inputs, result.data.data());
  std::vector<std::uint8_t> row(formats::i4_row_bytes(inputs));
  std::vector<std::int8_t> values(inputs);
  std::vector<std::uint16_t> scales(formats::i4_groups(inputs));
  Filler filler{std::span(row)};
  std::size_t rows_done = 0;
  bundle.read(tensor, [&](ByteSpan piece) {
    while (!piece.empty()) {
      piece = filler.take(piece);
      if (filler.full()) {
        for (std::size_t c = 0; c < inputs; ++c) {
          const std::uint8_t byte = row[c / 32 * 16 + c % 16];
          values[c] = static_cast<std::int8_t>((c % 32 < 16 ? byte & 15 : byte >> 4) - 8);
        }
        std::memcpy(scales.data(), row.data() + formats::i4_nibble_bytes(inputs),
                    scales.size() * sizeof(std::uint16_t));
        kernels::pack_row_i4(layout.i4, values.data(), scales.data(), rows_done, inputs,
                             result.data.data());
        ++rows_done;
        filler = Filler(std::span(row));
      }
    }
  });
  return result;
}

}  // namespace

Matrix Matrix::load(const Bundle& bundle, const std::string& name, Shape shape,
                    const kernels::Layout& layout) {
  const TensorEntry& tensor = bundle.at(name);
  if (tensor.shape != shape) {
    throw Error(Code::bad_shape,
                fmt::format("{}: tensor {} is [{}][{}], the configuration says [{}][{}]",
                            bundle.path().string(), name, tensor.shape.rows, tensor.shape.cols,
                            shape.rows, shape.cols),
                "pack the model again");
  }
  Matrix matrix;
  matrix.rows_ = shape.rows;
  matrix.inputs_ = shape.cols;
  switch (tensor.dtype) {
    case Dtype::f32:
      matrix.numbers_ = load_float<float>(bundle, tensor);
      break;
    case Dtype::f16:
      matrix.numbers_ = load_float<std::uint16_t>(bundle, tensor);
      break;
    case Dtype::i8:
      matrix.numbers_ = load_i8(bundle, tensor, layout);
      break;
    case Dtype::i4:
      matrix.numbers_ = load_i4(bundle, tensor, layout);
      break;
  }
  return matrix;
}

std::uint64_t Matrix::bytes(Dtype dtype, Shape shape, const kernels::Layout& layout) {
  if (dtype == Dtype::i8) {
    return checked_add(layout.i8.packed_bytes(shape.rows, shape.cols),
                       layout.i8.padded_rows(shape.rows) * sizeof(float), "tensor size");
  }
  if (dtype == Dtype::i4) {
    return layout.i4.packed_bytes(shape.rows, shape.cols);
  }
  return formats::stored_bytes(dtype, shape, "tensor");
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
    const float scale = i8->scale.data()[row];
    for (std::size_t i = 0; i < inputs_; ++i) {
      out[i] = scale * static_cast<float>(unpacked[i]);
    }
  }
}

}  // namespace crayon::model
