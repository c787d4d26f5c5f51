#pragma once

#include <string>
#include <string_view>

namespace crayon::tokenizer {

/// Unicode's normal form C. Bytes that are not UTF-8 stay as they are.
std::string normalize_nfc(std::string_view text);

/// Without spaces at the ends, and with one space for every run of them.
std::string remove_extra_spaces(std::string_view text);

}  // namespace crayon::tokenizer
