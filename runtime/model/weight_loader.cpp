#include "runtime/model/weight_loader.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <vector>

#include "base/memory.h"
#include "formats/tensor_reader.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using formats::TensorReader;

/// Some rows of a tensor, or the scales of all of its rows.
struct Part {
  const PlannedTensor* tensor;
  std::uint64_t begin = 0;  ///< rows
  std::uint64_t end = 0;
  bool scales = false;
};

/// Bytes of a row as it is stored, without the scales of int8.
std::uint64_t stored_row_bytes(const formats::TensorEntry& tensor) {
  switch (tensor.dtype) {
    case Dtype::f32:
      return tensor.shape.cols * sizeof(float);
    case Dtype::f16:
      return tensor.shape.cols * sizeof(std::uint16_t);
    case Dtype::i8:
      return tensor.shape.cols;
    case Dtype::i4:
      return formats::i4_row_bytes(tensor.shape.cols);
  }
  return 0;
}

/// Rows that are packed together: a block of the layout, or a few kilobytes.
std::uint64_t block_rows(const formats::TensorEntry& tensor, const kernels::Layout& layout) {
  constexpr std::uint64_t float_block_bytes = 64u << 10;
  switch (tensor.dtype) {
    case Dtype::i8:
      return layout.i8.rows_per_block;
    case Dtype::i4:
      return layout.i4.rows_per_block;
    case Dtype::f16:
    case Dtype::f32:
      break;
  }
  return std::max<std::uint64_t>(1, float_block_bytes / stored_row_bytes(tensor));
}

/// Packs the parts of one bundle into `out`. Safe from several threads with a reader each.
class Packer {
 public:
  Packer(const WeightPlan& plan, const kernels::Layout& layout, MutableByteSpan out)
      : layout_(layout), out_(out) {
    for (const PlannedTensor& tensor : plan.tensors()) {
      add_parts(tensor);
    }
  }

  const std::vector<Part>& parts() const { return parts_; }

  void pack(const Part& part, TensorReader& reader) const {
    if (part.scales) {
      pack_scales(*part.tensor, reader);
      return;
    }
    const std::uint64_t step = block_rows(part.tensor->stored, layout_);
    for (std::uint64_t row = part.begin; row < part.end; row += step) {
      pack_rows(*part.tensor, row, std::min(row + step, part.end), reader);
    }
  }

 private:
  // In the order of the file, so that neighbours share frames.
  void add_parts(const PlannedTensor& tensor) {
    // About a frame: small enough to be shared out evenly, and what its borders cost is little.
    constexpr std::uint64_t part_bytes = 1u << 20;
    const std::uint64_t block = block_rows(tensor.stored, layout_);
    const std::uint64_t block_bytes = block * stored_row_bytes(tensor.stored);
    const std::uint64_t rows = block * std::max<std::uint64_t>(1, part_bytes / block_bytes);
    const std::uint64_t all = tensor.stored.shape.rows;
    for (std::uint64_t begin = 0; begin < all; begin += rows) {
      parts_.push_back({&tensor, begin, std::min(begin + rows, all)});
    }
    if (tensor.stored.dtype == Dtype::i8) {
      parts_.push_back({.tensor = &tensor, .scales = true});
    }
  }

  // [begin, end) is a block, or the rest of one.
  void pack_rows(const PlannedTensor& tensor, std::uint64_t begin, std::uint64_t end,
                 TensorReader& reader) const {
    const std::uint64_t row_bytes = stored_row_bytes(tensor.stored);
    const std::uint64_t inputs = tensor.stored.shape.cols;
    const ByteSpan rows = reader.read(tensor.stored, begin * row_bytes, (end - begin) * row_bytes);
    std::uint8_t* const out = out_.data() + tensor.offset;
    switch (tensor.stored.dtype) {
      case Dtype::i8:
        kernels::pack_i8(layout_.i8, rows.data(), end - begin, inputs,
                         out + layout_.i8.packed_bytes(begin, inputs));
        return;
      case Dtype::i4:
        kernels::pack_i4(layout_.i4, rows.data(), end - begin, inputs,
                         out + layout_.i4.packed_bytes(begin, inputs));
        return;
      case Dtype::f16:
      case Dtype::f32:
        std::memcpy(out + begin * row_bytes, rows.data(), rows.size());
        return;
    }
  }

  void pack_scales(const PlannedTensor& tensor, TensorReader& reader) const {
    const formats::Shape shape = tensor.stored.shape;
    const std::uint64_t behind = shape.rows * shape.cols;
    std::uint8_t* const out = out_.data() + tensor.offset + tensor.parts.scales;
    constexpr std::uint64_t most = 1u << 16;  // rows at a time
    for (std::uint64_t row = 0; row < shape.rows; row += most) {
      const std::uint64_t count = std::min(most, shape.rows - row);
      const ByteSpan scales =
          reader.read(tensor.stored, behind + row * sizeof(float), count * sizeof(float));
      std::memcpy(out + row * sizeof(float), scales.data(), scales.size());
    }
    const std::uint64_t padded = layout_.i8.padded_rows(shape.rows);
    std::memset(out + shape.rows * sizeof(float), 0, (padded - shape.rows) * sizeof(float));
  }

  const kernels::Layout& layout_;
  const MutableByteSpan out_;
  std::vector<Part> parts_;
};

/// What lies between arrays, so that the same weights are the same bytes.
void clear_gaps(const WeightPlan& plan, MutableByteSpan memory) {
  constexpr std::size_t most = PackedShape::alignment - 1;
  for (const PlannedTensor& tensor : plan.tensors()) {
    const MutableByteSpan all = memory.subspan(tensor.offset, tensor.parts.size);
    std::ranges::fill(all.last(std::min<std::size_t>(most, all.size())), std::uint8_t{0});
    if (tensor.parts.scales != 0) {
      const std::uint64_t gap = tensor.parts.scales - tensor.parts.numbers;
      std::ranges::fill(all.subspan(tensor.parts.numbers, gap), std::uint8_t{0});
    }
  }
}

}  // namespace

AlignedArray<std::uint8_t> load_packed(const formats::Bundle& bundle, const WeightPlan& plan,
                                       const Compute& compute) {
  AlignedArray<std::uint8_t> memory(plan.bytes());
  prefer_huge_pages(memory.span());
  clear_gaps(plan, memory.span());
  const Packer packer(plan, compute.kernels->layout, memory.span());
  const std::vector<Part>& parts = packer.parts();
  std::vector<std::exception_ptr> errors(parts.size());
  compute.parallel(parts.size(), 8, [&](std::size_t begin, std::size_t end) {
    std::size_t at = begin;
    try {
      TensorReader reader(bundle);
      for (; at < end; ++at) {
        packer.pack(parts[at], reader);
      }
    } catch (...) {
      errors[at] = std::current_exception();
    }
  });
  // The first in the order of the file, whichever thread met it.
  for (const std::exception_ptr& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
  return memory;
}

}  // namespace crayon::model
