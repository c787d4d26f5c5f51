#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"

namespace crayon::formats {

/// Compresses blocks of at most 1 MiB, each into one independent zstd frame that states its
/// content size and carries a checksum.
class FrameEncoder {
 public:
  FrameEncoder();
  ~FrameEncoder();
  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;

  /// The frame's bytes, valid until the next call.
  ByteSpan encode(ByteSpan block);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::vector<std::uint8_t> stored_;
};

/// Decodes `stored`, which must be exactly one zstd frame that states out.size() as its content
/// size and carries a checksum. Throws corrupt, naming the field of the
/// frame.
void decode_zstd_frame(ByteSpan stored, MutableByteSpan out);

}  // namespace crayon::formats
