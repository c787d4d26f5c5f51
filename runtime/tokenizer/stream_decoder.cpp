#include <cstddef>

#include "runtime/tokenizer/tokenizer.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

constexpr std::string_view replacement_character = "\xef\xbf\xbd";  // U+FFFD

}  // namespace

std::string StreamDecoder::push(Token token) {
  const std::string_view bytes = tokenizer_.bytes(token);
  held_ += start_ ? tokenizer_.first_bytes(token) : bytes;
  start_ = start_ && bytes.empty();

  std::string shown;
  std::size_t done = 0;
  while (done < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(done);
    const Utf8Char next = next_char(rest);
    if (next.kind == Utf8::truncated) {
      break;
    }
    shown += next.kind == Utf8::valid ? rest.substr(0, next.size) : replacement_character;
    done += next.size;
  }
  held_.erase(0, done);
  return shown;
}

std::string StreamDecoder::finish() {
  const std::string_view shown = held_.empty() ? std::string_view{} : replacement_character;
  held_.clear();
  return std::string(shown);
}

}  // namespace crayon::tokenizer
