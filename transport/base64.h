#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace crayon::transport {

/// RFC 4648 section 4, with padding.
std::string to_base64(std::span<const std::uint8_t> bytes);

}  // namespace crayon::transport
