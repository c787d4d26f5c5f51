#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/charsmap.h"

namespace crayon::tokenizer {

/// [byte of a text] -> the byte of an earlier text that it was made of: of what was rewritten
/// together the first one. Ascending. Functions that rewrite a text rewrite its origins with it,
/// where they are given.
using Origins = std::vector<std::uint32_t>;

/// Unicode's normal form C. Bytes that are not UTF-8 stay as they are.
std::string normalize_nfc(std::string_view text, Origins* origins = nullptr);

/// Unicode's lower case of every character by itself: a sigma is never a final one.
std::string to_lower_case(std::string_view text, Origins* origins = nullptr);

/// `text` by the rules of `map`, at every place the longest that fits; what none fits stays as it
/// is. Throws over_limit when the result is longer than `max_bytes`.
std::string rewrite(std::string_view text, const formats::Charsmap& map, std::size_t max_bytes,
                    Origins* origins = nullptr);

/// One space for every run of them, and none at the front when there is one before (`after_space`).
std::string collapse_spaces(std::string_view text, bool after_space, Origins* origins = nullptr);

}  // namespace crayon::tokenizer
