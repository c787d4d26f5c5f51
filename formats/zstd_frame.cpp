#include "formats/zstd_frame.h"

#include <fmt/format.h>
#include <zstd.h>

#include "base/error.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

// Weights have no repetitions, only an uneven histogram: entropy coding finds all there is to
// gain, and higher levels search for matches in vain.
constexpr int compression_level = 3;
// 2^20: a frame's window is never larger than what it decodes to.
constexpr int window_log = 20;

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result) != 0) {
    throw Error(Code::out_of_memory, fmt::format("zstd: {}", ZSTD_getErrorName(result)));
  }
  return result;
}

// A frame's descriptor byte follows its magic number (RFC 8878, 3.1.1.1.1).
bool has_checksum_and_no_dictionary(ByteSpan stored) {
  constexpr std::uint8_t checksum_flag = 1u << 2;
  constexpr std::uint8_t dictionary_flags = 3;
  return stored.size() > 4 && (stored[4] & (checksum_flag | dictionary_flags)) == checksum_flag;
}

}  // namespace

struct FrameEncoder::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) {
      throw Error(Code::out_of_memory, "zstd: no memory to compress with");
    }
  }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_CCtx* zstd;
};

FrameEncoder::FrameEncoder() : context_(std::make_unique<Context>()), stored_(max_stored_size) {
  checked(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_compressionLevel, compression_level));
  checked(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_windowLog, window_log));
  checked(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_contentSizeFlag, 1));
  checked(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_checksumFlag, 1));
}

FrameEncoder::~FrameEncoder() = default;

ByteSpan FrameEncoder::encode(ByteSpan block) {
  const std::size_t size = checked(
      ZSTD_compress2(context_->zstd, stored_.data(), stored_.size(), block.data(), block.size()));
  return ByteSpan(stored_).first(size);
}

struct FrameDecoder::Context {
  Context() : zstd(ZSTD_createDCtx()) {
    if (zstd == nullptr) {
      throw Error(Code::out_of_memory, "zstd: no memory to decompress with");
    }
  }
  ~Context() { ZSTD_freeDCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_DCtx* zstd;
};

FrameDecoder::FrameDecoder() : context_(std::make_unique<Context>()) {}
FrameDecoder::~FrameDecoder() = default;

void FrameDecoder::decode(ByteSpan stored, MutableByteSpan out) {
  if (!has_checksum_and_no_dictionary(stored)) {
    fail(Code::corrupt, "zstd", "the frame lacks a checksum or asks for a dictionary");
  }
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != out.size()) {
    fail(Code::corrupt, "decoded_size",
         fmt::format("the frame does not state {} bytes", out.size()));
  }
  // One frame and nothing behind it: the decoder would go on with a second one.
  if (ZSTD_findFrameCompressedSize(stored.data(), stored.size()) != stored.size()) {
    fail(Code::corrupt, "stored_size",
         fmt::format("not one zstd frame of {} bytes", stored.size()));
  }
  const std::size_t size =
      ZSTD_decompressDCtx(context_->zstd, out.data(), out.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0) {
    fail(Code::corrupt, "zstd", ZSTD_getErrorName(size));
  }
  if (size != out.size()) {
    fail(Code::corrupt, "decoded_size", fmt::format("{} where {} are stated", size, out.size()));
  }
}

}  // namespace crayon::formats
