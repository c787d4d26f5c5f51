#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "formats/pictures/picture.h"

// The decoder of each format. Their errors do not name the file: decode_picture does.

namespace crayon::pictures {

/// Throws malformed for an empty picture, and over_limit.
void check_size(std::uint64_t width, std::uint64_t height);

/// A black picture; throws what check_size does.
Picture make_picture(std::uint64_t width, std::uint64_t height);

/// Netpbm's P2, P3, P5 and P6 (https://netpbm.sourceforge.net/doc/ppm.html, pgm.html).
Picture decode_pnm(ByteSpan bytes);

/// PNG (ISO/IEC 15948, https://www.w3.org/TR/png-3/), by libpng.
Picture decode_png(ByteSpan bytes);

/// JPEG (ITU-T T.81) of one or three components, by libjpeg.
Picture decode_jpeg(ByteSpan bytes);

}  // namespace crayon::pictures
