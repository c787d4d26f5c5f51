#include "runtime/tokenizer/normalize.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "base/error.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

// utf8proc sorts the marks on one letter by insertion, which is quadratic in their number. No
// real text has thousands; Unicode's own stream-safe format (UAX #15) allows 30.
constexpr std::size_t max_chunk_bytes = 1024;

/// Whether nothing in front of `character` ever composes or changes place with it: marks do, and
/// so do the vowels and final consonants of Hangul.
bool begins_chunk(char32_t character) {
  if (character < 0x300) {
    return true;
  }
  if (0x1160 <= character && character <= 0x11ff) {
    return false;
  }
  const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(character));
  return property->category != UTF8PROC_CATEGORY_MN && property->category != UTF8PROC_CATEGORY_MC &&
         property->category != UTF8PROC_CATEGORY_ME;
}

/// Bytes at the front of valid UTF-8, at least one character, that may be normalised apart from
/// the rest.
std::size_t chunk_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && length < max_chunk_bytes) {
    const std::size_t size = next_char(text.substr(length)).size;
    if (length > 0 && begins_chunk(code_point(text.substr(length, size)))) {
      break;
    }
    length += size;
  }
  return length;
}

void append_utf8(utf8proc_int32_t character, std::string& text) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(character, bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

/// Makes the origins of a text that is being made of another one, step by step.
class Tracker {
 public:
  /// `origins`: of the text that is read, `size` bytes, and in the end of the one that is made;
  /// null: nobody asks.
  Tracker(Origins* origins, std::size_t size) : origins_(origins), size_(size) {}

  /// What stands before the last `unread` bytes, and behind what was read so far, has made the
  /// result `made` bytes long.
  void step(std::size_t unread, std::size_t made) {
    if (origins_ != nullptr) {
      made_.resize(made, origins_->at(read_));
      read_ = size_ - unread;
    }
  }

  void finish() {
    if (origins_ != nullptr) {
      *origins_ = std::move(made_);
    }
  }

 private:
  Origins* origins_;
  std::size_t size_;
  std::size_t read_ = 0;  // bytes
  Origins made_;
};

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

/// Appends one chunk of valid UTF-8.
void append_nfc(std::string_view chunk, std::string& normal) {
  if (chunk.size() == 1) {
    normal += chunk;  // ASCII, most of most texts
    return;
  }
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(chunk.data()),
                   static_cast<utf8proc_ssize_t>(chunk.size()), &result,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(result);
  if (size < 0) {
    throw std::bad_alloc();  // the one failure there is for valid UTF-8 of this size
  }
  normal.append(reinterpret_cast<const char*>(result), static_cast<std::size_t>(size));
}

}  // namespace

std::string normalize_nfc(std::string_view text, Origins* origins) {
  Tracker tracker(origins, text.size());
  std::string normal;
  normal.reserve(text.size());
  for (bool valid = true; !text.empty(); valid = !valid) {
    const std::size_t length = run_length(text, valid);
    std::string_view run = text.substr(0, length);
    text.remove_prefix(length);
    while (!run.empty()) {
      const std::size_t chunk = valid ? chunk_length(run) : 1;
      if (valid) {
        append_nfc(run.substr(0, chunk), normal);
      } else {
        normal += run.front();
      }
      run.remove_prefix(chunk);
      tracker.step(text.size() + run.size(), normal.size());
    }
  }
  tracker.finish();
  return normal;
}

std::string to_lower_case(std::string_view text, Origins* origins) {
  Tracker tracker(origins, text.size());
  std::string lower;
  lower.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = next_char(text);
    const std::string_view character = text.substr(0, next.size);
    text.remove_prefix(next.size);
    if (next.kind != Utf8::valid) {
      lower += character;
    } else if (next.size == 1) {
      const char c = character[0];
      lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (code_point(character) == 0x130) {
      lower += "i\u0307";  // the one whose lower case is two characters
    } else {
      append_utf8(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point(character))), lower);
    }
    tracker.step(text.size(), lower.size());
  }
  tracker.finish();
  return lower;
}

std::string rewrite(std::string_view text, const formats::Charsmap& map, std::size_t max_bytes,
                    Origins* origins) {
  Tracker tracker(origins, text.size());
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const formats::Charsmap::Rule rule = map.longest_at(text);
    const std::size_t size = rule.size > 0 ? rule.size : next_char(text).size;
    result += rule.size > 0 ? rule.text : text.substr(0, size);
    text.remove_prefix(size);
    if (result.size() > max_bytes) {
      throw Error(Code::over_limit,
                  "the text is too long to encode once the tokenizer's charsmap has rewritten it",
                  "encode it in parts");
    }
    tracker.step(text.size(), result.size());
  }
  tracker.finish();
  return result;
}

std::string collapse_spaces(std::string_view text, bool after_space, Origins* origins) {
  Tracker tracker(origins, text.size());
  std::string result;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c != ' ' || !after_space) {
      result += c;
    }
    after_space = c == ' ';
    tracker.step(text.size() - 1, result.size());
  }
  tracker.finish();
  return result;
}

}  // namespace crayon::tokenizer
