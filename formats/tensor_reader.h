#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "formats/bundle.h"
#include "formats/zstd_frame.h"

namespace crayon::formats {

/// Reads parts of a bundle's tensors. It keeps one frame as stored and one decoded, so that parts
/// which are read in order decode each frame once, and a reader a thread decodes frames in
/// parallel. Not for two threads at once; the bundle must outlive it.
class TensorReader {
 public:
  explicit TensorReader(const Bundle& bundle);

  /// Stored bytes [offset, offset + size) of a tensor, checked as Bundle::read checks them. They
  /// begin where a row or a scale does. Valid until the next call. Throws bad_argument or corrupt
  /// for a part that is not there.
  ByteSpan read(const TensorEntry& tensor, std::uint64_t offset, std::uint64_t size);

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  ByteSpan read_unchecked(const TensorEntry& tensor, std::uint64_t offset, std::uint64_t size);
  ByteSpan frame(std::size_t index);

  const Bundle& bundle_;
  FrameBuffers buffers_;
  std::size_t current_ = none;        // the frame that lies in buffers_
  std::vector<std::uint8_t> joined_;  // a part that lies in several frames
};

}  // namespace crayon::formats
