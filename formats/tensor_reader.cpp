#include "formats/tensor_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "formats/error_context.h"
#include "formats/value_check.h"

namespace crayon::formats {

TensorReader::TensorReader(const Bundle& bundle) : bundle_(bundle) {}

ByteSpan TensorReader::read(const TensorEntry& tensor, std::uint64_t offset, std::uint64_t size) {
  check_range(offset, size, bundle_.checked_size(tensor), tensor.name);
  return in_file(bundle_.path(), [&] {
    const ByteSpan bytes = read_unchecked(tensor, offset, size);
    ValueCheck(tensor.name, tensor.dtype, tensor.shape, offset).feed(bytes);
    return bytes;
  });
}

ByteSpan TensorReader::read_unchecked(const TensorEntry& tensor, std::uint64_t offset,
                                      std::uint64_t size) {
  const std::vector<std::uint64_t>& starts = bundle_.frame_starts_;
  std::uint64_t at = starts[tensor.first_frame] + tensor.offset + offset;  // in all decoded bytes
  std::size_t index =
      static_cast<std::size_t>(std::ranges::upper_bound(starts, at) - starts.begin()) - 1;
  ByteSpan first = frame(index).subspan(at - starts[index]);
  if (first.size() >= size) {
    return first.first(size);
  }
  joined_.clear();
  joined_.reserve(size);
  while (joined_.size() < size) {
    const ByteSpan piece =
        first.first(std::min<std::uint64_t>(first.size(), size - joined_.size()));
    joined_.insert(joined_.end(), piece.begin(), piece.end());
    if (joined_.size() < size) {
      first = frame(++index);
    }
  }
  return joined_;
}

ByteSpan TensorReader::frame(std::size_t index) {
  if (current_ != index) {
    current_ = none;  // until it is decoded
    bundle_.decode_frame(index, buffers_);
    current_ = index;
  }
  return buffers_.decoded;
}

}  // namespace crayon::formats
