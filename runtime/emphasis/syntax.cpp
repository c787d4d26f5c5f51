#include "runtime/emphasis/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "runtime/tokenizer/characters.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::emphasis {
namespace {

constexpr std::string_view escaped = "()[]\\";

/// The number of the character at byte `at`, from 1.
std::size_t column_of(std::string_view source, std::size_t at) {
  std::size_t column = 1;
  for (std::size_t i = 0; i < at; i += tokenizer::next_char(source.substr(i)).size) {
    ++column;
  }
  return column;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(tokenizer::leading_white_space(text));
  text.remove_suffix(tokenizer::trailing_white_space(text));
  return text;
}

bool has_white_space(std::string_view text) {
  while (!text.empty() && tokenizer::leading_white_space(text) == 0) {
    text.remove_prefix(tokenizer::next_char(text).size);
  }
  return !text.empty();
}

/// Whether what stands behind a colon is meant to be a number. "infinity" and "nan" are, as
/// programs write them.
bool begins_like_number(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower == "nan" || lower == "inf" || lower == "infinity" || lower.empty() ||
         std::string_view("+-.0123456789").find(lower.front()) != std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  EmphasisedText parse();

 private:
  /// An open bracket. Places are bytes.
  struct Group {
    std::size_t open;                  // in the source
    std::size_t begin;                 // in the text
    std::optional<std::size_t> colon;  // in the source: the last that nothing special follows
  };

  void open();
  void close();
  float weight_of(const Group& group, std::string_view number) const;
  [[noreturn]] void fail(std::size_t at, const std::string& what, const std::string& hint) const;

  std::string_view source_;
  std::size_t at_ = 0;  // in the source
  EmphasisedText result_;
  ByteWeights weights_;
  std::vector<Group> groups_;
};

void Parser::fail(std::size_t at, const std::string& what, const std::string& hint) const {
  throw Error(Code::bad_argument,
              fmt::format("column {} of the emphasised text: {}", column_of(source_, at), what),
              hint);
}

EmphasisedText Parser::parse() {
  for (; at_ < source_.size(); ++at_) {
    const char c = source_[at_];
    if (c == '(' || c == '[') {
      open();
    } else if (c == ')' || c == ']') {
      close();
    } else if (c == '\\' && at_ + 1 < source_.size() &&
               escaped.find(source_[at_ + 1]) != std::string_view::npos) {
      result_.text += source_[++at_];
      if (!groups_.empty()) {
        groups_.back().colon.reset();
      }
    } else {
      if (c == ':' && !groups_.empty()) {
        groups_.back().colon = at_;
      }
      result_.text += c;
    }
  }
  if (!groups_.empty()) {
    const std::size_t open = groups_.back().open;
    fail(open, fmt::format("\"{}\" is not closed", source_[open]),
         fmt::format("close it, or write \\{} for a bracket that is text", source_[open]));
  }
  weights_.resize(result_.text.size());
  result_.spans = weights_.spans();
  return std::move(result_);
}

void Parser::open() {
  if (groups_.size() == max_nesting) {
    fail(at_,
         fmt::format("\"{}\" is within {} brackets, the most there can be", source_[at_],
                     max_nesting),
         "give a number in place of brackets");
  }
  if (!groups_.empty()) {
    groups_.back().colon.reset();
  }
  groups_.push_back({at_, result_.text.size(), std::nullopt});
}

void Parser::close() {
  const char bracket = source_[at_];
  if (groups_.empty()) {
    fail(at_, fmt::format("\"{}\" closes nothing", bracket),
         fmt::format("write \\{} for a bracket that is text", bracket));
  }
  const Group group = groups_.back();
  groups_.pop_back();
  if ((source_[group.open] == '(') != (bracket == ')')) {
    fail(at_,
         fmt::format("\"{}\" does not close the \"{}\" of column {}", bracket, source_[group.open],
                     column_of(source_, group.open)),
         fmt::format("write \\{} for a bracket that is text", bracket));
  }
  float weight = bracket == ')' ? bracket_weight : 1 / bracket_weight;
  std::size_t blamed = group.open;
  if (group.colon) {
    const std::string_view rest = source_.substr(*group.colon + 1, at_ - *group.colon - 1);
    const std::string_view number = trimmed(rest);
    if (begins_like_number(number) && !has_white_space(number)) {
      weight = weight_of(group, number);
      result_.text.resize(result_.text.size() - rest.size() - 1);
      blamed = *group.colon + 1;
    }
  }
  if (result_.text.size() == group.begin) {
    fail(group.open,
         fmt::format("\"{}\" has no text in it", source_.substr(group.open, at_ + 1 - group.open)),
         "write \\( and \\) for brackets that are text");
  }
  weights_.resize(result_.text.size());
  if (!weights_.multiply({group.begin, result_.text.size(), weight})) {
    fail(blamed,
         fmt::format("the weight {} and those within it multiply to more than {}", weight,
                     max_weight),
         "give smaller weights");
  }
}

float Parser::weight_of(const Group& group, std::string_view number) const {
  const std::size_t at =
      number.empty() ? *group.colon : static_cast<std::size_t>(number.data() - source_.data());
  const std::string range = fmt::format("give a number from 0 to {}, such as 1.5", max_weight);
  if (source_[group.open] == '[') {
    fail(at, fmt::format("\"{}\": square brackets have no weight of their own", number),
         "write (x:1.5) for a weight, or \\[ for a bracket that is text");
  }
  if (number.empty()) {
    fail(at, "no weight behind \":\"", range);
  }
  float weight = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, status] = std::from_chars(number.data(), end, weight);
  if (status == std::errc::result_out_of_range) {
    fail(at, fmt::format("the weight \"{}\" is too large, or too close to 0", number), range);
  }
  if (status != std::errc() || stop != end) {
    fail(at, fmt::format("the weight \"{}\" is not a number", number), range);
  }
  if (!is_weight(weight)) {
    fail(at, fmt::format("the weight \"{}\" is not from 0 to {}", number, max_weight), range);
  }
  return weight;
}

void append_escaped(std::string_view text, std::string& source) {
  for (const char c : text) {
    if (escaped.find(c) != std::string_view::npos) {
      source += '\\';
    }
    source += c;
  }
}

}  // namespace

EmphasisedText parse(std::string_view source) {
  return Parser(source).parse();
}

std::string write(const EmphasisedText& emphasised) {
  const std::string_view text = emphasised.text;
  check(emphasised.spans, text.size());
  std::string source;
  std::size_t done = 0;
  for (const Span& span : emphasised.spans) {
    append_escaped(text.substr(done, span.begin - done), source);
    source += '(';
    append_escaped(text.substr(span.begin, span.end - span.begin), source);
    source += fmt::format(":{})", span.weight);
    done = span.end;
  }
  append_escaped(text.substr(done), source);
  return source;
}

}  // namespace crayon::emphasis
