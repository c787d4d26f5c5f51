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

/// Decodes frames one after the other.
class FrameDecoder {
 public:
  FrameDecoder();
  ~FrameDecoder();
  FrameDecoder(const FrameDecoder&) = delete;
  FrameDecoder& operator=(const FrameDecoder&) = delete;

  /// Decodes `stored`, which must be exactly one zstd frame that states out.size() as its content
  /// size and carries a checksum. Throws corrupt, naming the field of the frame.
  void decode(ByteSpan stored, MutableByteSpan out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// What decoding a frame of a bundle needs: memory that is used again for the next one.
struct FrameBuffers {
  FrameDecoder decoder;
  std::vector<std::uint8_t> stored;
  std::vector<std::uint8_t> decoded;
};

}  // namespace crayon::formats
