#include "formats/importers/jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/importers/jinja/value.h"

namespace crayon::importers::jinja {
namespace {

constexpr std::string_view white = " \t\r\n\v\f";

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Cuts what stands between brackets.
class Scanner {
 public:
  Scanner(std::string_view source, std::size_t at) : source_(source), at_(at) {}

  std::size_t at() const { return at_; }

  /// Lexemes up to `close`, which may have a "-" or "+" before it: `sign`, or 0.
  std::vector<Lexeme> scan(std::string_view close, char& sign) {
    std::vector<Lexeme> lexemes;
    for (;;) {
      at_ = std::min(source_.find_first_not_of(white, at_), source_.size());
      if (at_ == source_.size()) {
        fail(fmt::format("there is no {}", close));
      }
      // Inside brackets "}}" closes two dictionaries.
      if (nesting_ == 0 && ends(close, sign)) {
        lexemes.push_back({});
        return lexemes;
      }
      lexemes.push_back(next());
    }
  }

 private:
  bool ends(std::string_view close, char& sign) {
    const std::string_view rest = source_.substr(at_);
    const bool signed_close =
        (rest.front() == '-' || rest.front() == '+') && rest.substr(1).starts_with(close);
    if (!signed_close && !rest.starts_with(close)) {
      return false;
    }
    sign = signed_close ? rest.front() : '\0';
    at_ += close.size() + (signed_close ? 1 : 0);
    return true;
  }

  Lexeme next() {
    const char c = source_[at_];
    if (c == '\'' || c == '"') {
      return string(c);
    }
    if (is_name(c)) {
      const std::size_t begin = at_;
      while (at_ < source_.size() && is_name(source_[at_])) {
        ++at_;
      }
      return {is_digit(c) ? Lexeme::Kind::number : Lexeme::Kind::name,
              std::string(source_.substr(begin, at_ - begin))};
    }
    constexpr std::array<std::string_view, 6> pairs = {"==", "!=", "<=", ">=", "//", "**"};
    for (const std::string_view pair : pairs) {
      if (source_.substr(at_).starts_with(pair)) {
        at_ += pair.size();
        return {Lexeme::Kind::sign, std::string(pair)};
      }
    }
    nesting_ += c == '(' || c == '[' || c == '{' ? 1 : 0;
    nesting_ -= c == ')' || c == ']' || c == '}' ? 1 : 0;
    ++at_;
    return {Lexeme::Kind::sign, std::string(1, c)};
  }

  Lexeme string(char quote) {
    std::string text;
    for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_) {
      text += source_[at_] == '\\' ? escaped() : source_[at_];
    }
    if (at_ == source_.size()) {
      fail("a string has no end");
    }
    ++at_;
    return {Lexeme::Kind::text, std::move(text)};
  }

  char escaped() {
    if (++at_ == source_.size()) {
      fail("a string has no end");
    }
    switch (source_[at_]) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case '\\':
      case '\'':
      case '"':
        return source_[at_];
      default:
        fail(fmt::format("it has the escape \\{}", source_[at_]));
    }
  }

  std::string_view source_;
  std::size_t at_;
  int nesting_ = 0;
};

/// Cuts the whole.
class Cutter {
 public:
  explicit Cutter(std::string_view source) : source_(source) {
    if (source_.ends_with('\n')) {  // Jinja does not keep it
      source_.remove_suffix(1);
    }
  }

  std::vector<Segment> cut() {
    while (at_ < source_.size()) {
      const std::size_t open = find_open();
      add_text(open);
      if (open == source_.size()) {
        break;
      }
      add_bracket(open);
    }
    return std::move(segments_);
  }

 private:
  std::size_t find_open() const {
    for (std::size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] == '{' &&
          (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) {
        return i;
      }
    }
    return source_.size();
  }

  void add_text(std::size_t open) {
    std::string_view text = source_.substr(at_, open - at_);
    if (eat_white_) {
      text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
    } else if (eat_newline_ && text.starts_with('\n')) {
      text.remove_prefix(1);
    }
    if (open != source_.size()) {
      text = before(text, open);
    }
    if (!text.empty()) {
      segments_.push_back({Segment::Kind::text, std::string(text), {}});
    }
  }

  /// `text` less the white space that the bracket behind it takes away.
  std::string_view before(std::string_view text, std::size_t open) const {
    const char sign = open + 2 < source_.size() ? source_[open + 2] : '\0';
    if (sign == '-') {
      return text.substr(0, text.find_last_not_of(white) + 1);
    }
    if (source_[open + 1] == '{' || sign == '+') {
      return text;
    }
    const std::size_t kept = text.find_last_not_of(" \t\v\f\r") + 1;
    // Only where nothing else is on the line.
    const bool line_begins = kept == 0 ? at_line_start(open - text.size()) : text[kept - 1] == '\n';
    return line_begins ? text.substr(0, kept) : text;
  }

  bool at_line_start(std::size_t position) const {
    return position == 0 || source_[position - 1] == '\n';
  }

  void add_bracket(std::size_t open) {
    const char kind = source_[open + 1];
    at_ = open + 2;
    char sign = '\0';
    if (kind == '#') {
      const std::size_t end = source_.find("#}", at_);
      if (end == source_.npos) {
        fail("a comment has no end");
      }
      sign = source_[end - 1];
      at_ = end + 2;
    } else {
      const bool has_sign = at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+');
      Scanner scanner(source_, at_ + (has_sign ? 1 : 0));
      const bool output = kind == '{';
      segments_.push_back({output ? Segment::Kind::output : Segment::Kind::statement,
                           {},
                           scanner.scan(output ? "}}" : "%}", sign)});
      at_ = scanner.at();
    }
    eat_white_ = sign == '-';
    eat_newline_ = kind != '{' && sign != '+';
  }

  std::string_view source_;
  std::size_t at_ = 0;
  bool eat_white_ = false;  // what the bracket before takes away
  bool eat_newline_ = false;
  std::vector<Segment> segments_;
};

}  // namespace

std::vector<Segment> cut(std::string_view source) {
  return Cutter(source).cut();
}

}  // namespace crayon::importers::jinja
