#include "arguments/roff.h"

#include <algorithm>
#include <vector>

namespace crayon::arguments {
namespace {

constexpr std::size_t line_width = 79;

std::string escaped(char letter, bool in_flag) {
  switch (letter) {
    case '\\':
      return "\\e";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '"':
      return "\\(dq";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    case '-':
      return in_flag ? "\\-" : "-";
    default:
      return std::string(1, letter);
  }
}

/// A word's dashes are a flag's from "-x" or "--x" on, also behind a bracket.
std::string escaped_word(std::string_view word) {
  const std::size_t first = word.find_first_not_of("[(\"'`");
  const bool flag = first != word.npos && word[first] == '-' && word.size() > first + 1;
  std::string text;
  for (const char letter : word) {
    text += escaped(letter, flag);
  }
  return text;
}

std::vector<std::string> words_of(std::string_view prose) {
  std::vector<std::string> words;
  while (!prose.empty()) {
    const std::size_t end = std::min(prose.find_first_of(" \n"), prose.size());
    if (end > 0) {
      words.push_back(escaped_word(prose.substr(0, end)));
    }
    prose.remove_prefix(std::min(end + 1, prose.size()));
  }
  return words;
}

/// A line that begins with a dot would be a request.
std::string guarded(const std::string& word) {
  return word.starts_with('.') ? "\\&" + word : word;
}

}  // namespace

std::string roff_text(std::string_view prose) {
  std::string text;
  std::size_t column = 0;
  for (const std::string& word : words_of(prose)) {
    if (column > 0 && column + 1 + word.size() > line_width) {
      text += '\n';
      column = 0;
    } else if (column > 0) {
      text += ' ';
      ++column;
    }
    const std::string shown = column == 0 ? guarded(word) : word;
    text += shown;
    column += shown.size();
  }
  return text;
}

std::string roff_argument(std::string_view prose) {
  std::string text;
  for (const std::string& word : words_of(prose)) {
    text += (text.empty() ? "" : " ") + word;
  }
  return '"' + text + '"';
}

std::string roff_bold(std::string_view word) {
  return "\\fB" + escaped_word(word) + "\\fP";
}

std::string roff_italic(std::string_view word) {
  return "\\fI" + escaped_word(word) + "\\fP";
}

}  // namespace crayon::arguments
