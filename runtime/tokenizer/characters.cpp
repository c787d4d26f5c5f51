#include "runtime/tokenizer/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

constexpr char32_t no_character = 0xffffffff;

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_mark(char32_t c) {
  if (c == no_character) {
    return false;
  }
  if (c == 0x200c || c == 0x200d) {  // joiners
    return true;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return true;
    default:
      return false;
  }
}

bool is_word(char32_t c) {
  if (c == no_character) {
    return false;
  }
  if (is_mark(c)) {
    return true;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

struct Character {
  char32_t value = no_character;  // no_character: not UTF-8, or none
  std::size_t size = 0;           // bytes
};

Character first_of(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  const Utf8Char next = next_char(text);
  return {next.kind == Utf8::valid ? code_point(text.substr(0, next.size)) : no_character,
          next.size};
}

Character last_of(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    const Character last = first_of(text.substr(text.size() - size));
    if (last.value != no_character && last.size == size) {
      return last;
    }
  }
  return {};
}

}  // namespace

std::size_t leading_white_space(std::string_view text) {
  std::size_t size = 0;
  for (Character c = first_of(text); is_white_space(c.value); c = first_of(text.substr(size))) {
    size += c.size;
  }
  return size;
}

std::size_t trailing_white_space(std::string_view text) {
  const std::size_t whole = text.size();
  for (Character c = last_of(text); is_white_space(c.value); c = last_of(text)) {
    text.remove_suffix(c.size);
  }
  return whole - text.size();
}

bool begins_with_word(std::string_view text) {
  return is_word(first_of(text).value);
}

bool ends_with_word(std::string_view text) {
  return is_word(last_of(text).value);
}

bool begins_with_mark(std::string_view text) {
  return is_mark(first_of(text).value);
}

}  // namespace crayon::tokenizer
