#include "runtime/emphasis/words.h"

#include <algorithm>
#include <array>

#include "runtime/tokenizer/characters.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::emphasis {
namespace {

struct Block {
  char32_t first, last;
};

/// Unicode's blocks of scripts without spaces, in order.
constexpr std::array<Block, 12> unspaced = {{{0x0e00, 0x0eff},      // Thai, Lao
                                             {0x1000, 0x109f},      // Myanmar
                                             {0x1780, 0x17ff},      // Khmer
                                             {0x2e80, 0x2fdf},      // radicals
                                             {0x3005, 0x3007},      // ideographic marks and zero
                                             {0x3041, 0x30ff},      // Hiragana, Katakana
                                             {0x31f0, 0x31ff},      // Katakana extensions
                                             {0x3400, 0x4dbf},      // Han
                                             {0x4e00, 0x9fff},      // Han
                                             {0xf900, 0xfaff},      // Han, compatibility
                                             {0xff66, 0xff9f},      // Katakana of half width
                                             {0x20000, 0x3ffff}}};  // Han

/// The character at the front of a text.
struct Character {
  std::size_t size = 0;  // bytes
  bool word = false;     // a letter, digit or connector
  bool apart = false;    // and of a script without spaces
  bool mark = false;     // goes with what is before it
};

Character first_of(std::string_view text) {
  const tokenizer::Utf8Char next = tokenizer::next_char(text);
  Character character{.size = next.size};
  if (next.kind == tokenizer::Utf8::valid) {
    const char32_t value = tokenizer::code_point(text.substr(0, next.size));
    const auto block = std::ranges::lower_bound(unspaced, value, {}, &Block::last);
    character.word = tokenizer::begins_with_word(text);
    character.mark = tokenizer::begins_with_mark(text);
    character.apart = block != unspaced.end() && block->first <= value && !character.mark;
  }
  return character;
}

/// Whether a word that `last` ends goes on with `next`.
bool joins(const Character& last, const Character& next) {
  return next.mark || (last.word && next.word && !last.apart && !next.apart);
}

}  // namespace

std::vector<Word> split_words(std::string_view text) {
  std::vector<Word> words;
  Character last;
  for (std::size_t at = 0; at < text.size();) {
    const Character next = first_of(text.substr(at));
    const std::size_t end = at + next.size;
    if (!words.empty() && joins(last, next)) {
      words.back().end = end;
      words.back().space = false;
    } else {
      words.push_back({at, end, tokenizer::leading_white_space(text.substr(at, next.size)) > 0});
    }
    if (!next.mark) {
      last = next;
    }
    at = end;
  }
  return words;
}

}  // namespace crayon::emphasis
