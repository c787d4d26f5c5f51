#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::importers::jinja {

struct Lexeme {
  enum class Kind : std::uint8_t { name, text, number, sign, end };
  Kind kind = Kind::end;
  std::string text;
};

/// A stretch of a template: text, {{ output }} or {% statement %}.
struct Segment {
  enum class Kind : std::uint8_t { text, output, statement };
  Kind kind = Kind::text;
  std::string text;             ///< of text
  std::vector<Lexeme> lexemes;  ///< of the others; the last is `end`
};

/// Cuts a template, comments left out, with white space removed as Hugging Face sets Jinja up:
/// trim_blocks, lstrip_blocks, and the signs "-" and "+" beside the brackets. Throws unsupported
/// for what is not a template.
std::vector<Segment> cut(std::string_view source);

}  // namespace crayon::importers::jinja
