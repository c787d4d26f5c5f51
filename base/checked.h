#pragma once

#include <cstdint>
#include <string_view>

namespace crayon {

// Arithmetic on sizes that come from a file. `field` names the size in the error (Code::corrupt).

std::uint64_t checked_add(std::uint64_t a, std::uint64_t b, std::string_view field);
std::uint64_t checked_mul(std::uint64_t a, std::uint64_t b, std::string_view field);

/// Throws unless [offset, offset + size) lies within [0, limit).
void check_range(std::uint64_t offset, std::uint64_t size, std::uint64_t limit,
                 std::string_view field);

}  // namespace crayon
