// What Python's str.strip() takes for white space, in UTF-8.

#include <algorithm>
#include <array>

#include "formats/chat_format.h"

namespace crayon::formats {
namespace {

using namespace std::string_view_literals;

constexpr std::array spaces = {
    " "sv, "\t"sv, "\n"sv, "\v"sv, "\f"sv, "\r"sv, "\x1c"sv, "\x1d"sv, "\x1e"sv, "\x1f"sv,
    "\xc2\x85"sv, "\xc2\xa0"sv,  // next line, no-break space
    "\xe1\x9a\x80"sv,            // Ogham space mark
    // U+2000 to U+200A
    "\xe2\x80\x80"sv, "\xe2\x80\x81"sv, "\xe2\x80\x82"sv, "\xe2\x80\x83"sv, "\xe2\x80\x84"sv,
    "\xe2\x80\x85"sv, "\xe2\x80\x86"sv, "\xe2\x80\x87"sv, "\xe2\x80\x88"sv, "\xe2\x80\x89"sv,
    "\xe2\x80\x8a"sv, "\xe2\x80\xa8"sv, "\xe2\x80\xa9"sv,
    "\xe2\x80\xaf"sv,                     // separators, narrow no-break space
    "\xe2\x81\x9f"sv, "\xe3\x80\x80"sv};  // mathematical, ideographic space

/// Bytes of the white space that `at_end` finds at its end of a text; 0: there is none.
template <typename AtEnd>
std::size_t white(const AtEnd& at_end) {
  const auto* const found = std::find_if(spaces.begin(), spaces.end(), at_end);
  return found == spaces.end() ? 0 : found->size();
}

}  // namespace

std::string_view strip(std::string_view text, Strip ends) {
  if (ends == Strip::left || ends == Strip::both) {
    while (const std::size_t size = white([&](auto space) { return text.starts_with(space); })) {
      text.remove_prefix(size);
    }
  }
  if (ends == Strip::right || ends == Strip::both) {
    while (const std::size_t size = white([&](auto space) { return text.ends_with(space); })) {
      text.remove_suffix(size);
    }
  }
  return text;
}

}  // namespace crayon::formats
