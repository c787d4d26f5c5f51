#include "formats/importers/byte_alphabet.h"

#include <array>
#include <cstdint>

namespace crayon::importers {
namespace {

constexpr std::uint32_t alphabet_end = 0x100 + 68;  // the characters are below it
constexpr std::int16_t no_byte = -1;

constexpr bool stands_for_itself(std::uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr auto byte_of_character = [] {
  std::array<std::int16_t, alphabet_end> table{};
  table.fill(no_byte);
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 0x100; ++byte) {
    table[stands_for_itself(byte) ? byte : next++] = static_cast<std::int16_t>(byte);
  }
  return table;
}();

std::string utf8_of(std::uint32_t character) {
  if (character < 0x80) {
    return {static_cast<char>(character)};
  }
  return {static_cast<char>(0xc0u | character >> 6),
          static_cast<char>(0x80u | (character & 0x3fu))};
}

}  // namespace

std::vector<std::string> byte_alphabet() {
  std::vector<std::string> alphabet;
  for (std::uint32_t character = 0; character < alphabet_end; ++character) {
    if (byte_of_character[character] != no_byte) {
      alphabet.push_back(utf8_of(character));
    }
  }
  return alphabet;
}

std::optional<std::string> bytes_of_alphabet(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    // The alphabet ends below U+0800: characters take one or two bytes of UTF-8.
    const auto first = static_cast<std::uint8_t>(text[i]);
    std::uint32_t character = first;
    if (first >= 0x80) {
      const std::uint8_t second = i + 1 < text.size() ? static_cast<std::uint8_t>(text[i + 1]) : 0;
      if ((first & 0xe0u) != 0xc0u || (second & 0xc0u) != 0x80u) {
        return std::nullopt;
      }
      character = (first & 0x1fu) << 6 | (second & 0x3fu);
      ++i;
    }
    if (character >= alphabet_end || byte_of_character[character] == no_byte) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<char>(byte_of_character[character]));
  }
  return bytes;
}

}  // namespace crayon::importers
