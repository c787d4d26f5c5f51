#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace crayon::pictures {

// Limits of what is decoded, checked before any memory is taken.
constexpr std::uint32_t largest_side = 16384;     ///< pixels of width, and of height
constexpr std::uint64_t most_pixels = 64u << 20;  ///< width * height; 192 MiB decoded
constexpr std::uint64_t largest_file = 256u << 20;

/// An 8-bit RGB picture in sRGB, or in what its file takes for it: colour profiles are not applied.
struct Picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgb;  ///< [height][width][3], top row first
};

/// Whether this build reads PNG and JPEG (CRAYON_PICTURES). Without, they throw unsupported.
bool codecs_are_built_in();

/// Decodes a PNG, a JPEG, or a PPM or PGM (P2, P3, P5, P6), told apart by their first bytes. Pixels
/// are those of Pillow's exif_transpose(image).convert("RGB"): alpha is dropped, grey is repeated,
/// 16 bits of a PNG are cut to their upper 8, and EXIF's orientation is followed. (Pillow clips
/// 16-bit grey to white; here it is cut as colours are.) Of a PPM, samples are scaled by 255 /
/// maximum.
///
/// Total over all bytes: it returns a picture of at least one pixel or throws an Error whose
/// sentence starts with `where` (truncated, malformed, unsupported or over_limit; std::bad_alloc or
/// out_of_memory where there is no memory for the picture).
Picture decode_picture(ByteSpan bytes, std::string_view where);

/// The same of a file; throws what File does, too.
Picture read_picture(const std::filesystem::path& path);

}  // namespace crayon::pictures
