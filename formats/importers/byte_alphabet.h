#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::importers {

/// GPT-2 writes each byte of a token as one printable character (Radford et al. 2019, encoder.py,
/// bytes_to_unicode): printable Latin-1 stands for itself, the other 68 bytes are U+0100 and up
/// in order. Gives the bytes back; empty for text with any other character.
std::optional<std::string> bytes_of_alphabet(std::string_view text);

/// The alphabet, the characters that stand for themselves first: the order of CLIP's first tokens.
std::vector<std::string> byte_alphabet();

}  // namespace crayon::importers
