#include "runtime/tokenizer/utf8.h"

#include <cstdint>

namespace crayon::tokenizer {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

/// Bytes of the character that `lead` begins, 0 where it begins none.
std::size_t char_size(std::uint8_t lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead < 0xc2 || lead > 0xf4) {  // continuation, overlong, or beyond U+10FFFF
    return 0;
  }
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// Whether `second` may follow `lead`: Table 3-7 of the Unicode standard, which rules out
/// overlong forms, surrogates and what is beyond U+10FFFF by the second byte.
bool second_fits(std::uint8_t lead, std::uint8_t second) {
  const std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return low <= second && second <= high;
}

}  // namespace

Utf8Char next_char(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  const std::size_t size = char_size(lead);
  if (size == 0) {
    return {Utf8::invalid, 1};
  }
  for (std::size_t i = 1; i < size; ++i) {
    if (i == text.size()) {
      return {Utf8::truncated, i};
    }
    const std::uint8_t next = byte_at(text, i);
    if (i == 1 ? !second_fits(lead, next) : (next & 0xc0) != 0x80) {
      return {Utf8::invalid, i};
    }
  }
  return {Utf8::valid, size};
}

char32_t code_point(std::string_view character) {
  const std::uint8_t lead = byte_at(character, 0);
  if (character.size() == 1) {
    return lead;
  }
  // A lead byte of an n-byte character carries 7 - n bits.
  char32_t value = lead & (0x7fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) {
    value = value << 6 | (byte_at(character, i) & 0x3fu);
  }
  return value;
}

std::size_t run_length(std::string_view text, bool valid) {
  std::size_t length = 0;
  while (length < text.size()) {
    const Utf8Char next = next_char(text.substr(length));
    if ((next.kind == Utf8::valid) != valid) {
      break;
    }
    length += next.size;
  }
  return length;
}

}  // namespace crayon::tokenizer
