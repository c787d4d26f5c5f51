#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "formats/bundle.h"
#include "formats/signature.h"

// The fixed byte layouts around the index, and the limits. docs/bundle-format.md has the tables.

namespace crayon::formats {

inline constexpr std::uint16_t format_major = 1;
inline constexpr std::uint16_t format_minor = 6;

/// A zstd skippable frame starts with its magic number and the size of what follows.
inline constexpr std::size_t skippable_header_size = 8;
inline constexpr std::size_t header_size = 32;   ///< the whole frame
inline constexpr std::size_t footer_size = 200;  ///< the whole frame
inline constexpr std::size_t signed_size = header_size + 88;

/// A vocabulary of 256,000 pieces with 500,000 merges takes about 8 MiB.
inline constexpr std::uint64_t max_index_size = 16u << 20;
inline constexpr std::uint32_t max_decoded_size = 1u << 20;
/// ZSTD_compressBound(max_decoded_size): no frame that zstd writes is larger.
inline constexpr std::uint32_t max_stored_size = max_decoded_size + (max_decoded_size >> 8);
inline constexpr std::size_t max_frames = 1u << 18;
inline constexpr std::size_t max_tensors = 1u << 18;
inline constexpr std::size_t max_adapters = 4096;
inline constexpr std::size_t max_name_size = 256;
inline constexpr std::size_t max_provenance_size = 4096;
inline constexpr std::uint32_t max_rank = 1024;
inline constexpr std::size_t max_embedding_size = 1u << 20;  ///< numbers
/// Weights compress by little, so frames that decode to much more than the file holds are a trap
/// for memory: at most decoded_floor + decoded_ratio x file size.
inline constexpr std::uint64_t decoded_floor = 64u << 20;
inline constexpr std::uint64_t decoded_ratio = 64;

using HeaderBytes = std::array<std::uint8_t, header_size>;
using FooterBytes = std::array<std::uint8_t, footer_size>;

struct Footer {
  std::uint64_t index_offset = 0;  ///< of the FlatBuffer, behind its skippable frame's header
  std::uint64_t index_size = 0;
  Hash index_hash{};
  std::uint64_t release = 0;
  KeyId key_id{};              ///< zeros: not signed
  SignatureBytes signature{};  ///< zeros: not signed
  bool is_signed() const { return key_id != KeyId{}; }
};

HeaderBytes encode_header(BundleKind kind);
/// Throws malformed (no bundle at all), unsupported or corrupt, naming the field.
BundleKind decode_header(const HeaderBytes& bytes);

FooterBytes encode_footer(const Footer& footer, const HeaderBytes& header);
/// What a signature is over: the header, and the footer up to the signature.
std::array<std::uint8_t, signed_size> signed_bytes(const Footer& footer, const HeaderBytes& header);
/// `file_size` is that of the whole file. Throws truncated or corrupt, naming the field.
Footer decode_footer(const FooterBytes& bytes, const HeaderBytes& header, std::uint64_t file_size);

using SkippableHeader = std::array<std::uint8_t, skippable_header_size>;
SkippableHeader encode_index_header(std::uint64_t index_size);
void check_index_header(const SkippableHeader& bytes, std::uint64_t index_size);

}  // namespace crayon::formats
