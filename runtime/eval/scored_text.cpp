#include "runtime/eval/scored_text.h"

#include <algorithm>

#include "base/error.h"

namespace crayon::eval {
namespace {

using model::Token;

std::vector<std::string_view> documents_of(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> documents;
  for (;;) {
    const std::size_t end = separator.empty() ? text.npos : text.find(separator);
    if (const std::string_view document = text.substr(0, end); !document.empty()) {
      documents.push_back(document);
    }
    if (end == text.npos) {
      return documents;
    }
    text.remove_prefix(end + separator.size());
  }
}

/// One document and its tokens.
class Document {
 public:
  Document(std::string_view text, const TextScoring& scoring, const tokenizer::Tokenizer& tokenizer)
      : text_(text), scoring_(scoring), tokenizer_(tokenizer), tokens_(encode(text)) {}

  Sequence sequence() const {
    if (scoring_.after.empty()) {
      return {tokens_};
    }
    std::vector<bool> scored(tokens_.size());
    for (std::size_t at = text_.find(scoring_.after); at != text_.npos;) {
      const std::size_t begin = at + scoring_.after.size();
      const std::size_t end = end_behind(begin);
      std::fill(scored.begin() + tokens_before(begin), scored.begin() + tokens_before(end), true);
      at = text_.find(scoring_.after, end);
    }
    return {tokens_, scored};
  }

 private:
  std::vector<Token> encode(std::string_view text) const {
    return tokenizer_.encode(text, {.add_bos = false, .parse_special = scoring_.special});
  }

  std::size_t end_behind(std::size_t begin) const {
    const std::size_t found =
        scoring_.until.empty() ? text_.npos : text_.find(scoring_.until, begin);
    return found == text_.npos ? text_.size() : found + scoring_.until.size();
  }

  /// How many tokens the text before `end` determines: those that it has alone as well.
  std::ptrdiff_t tokens_before(std::size_t end) const {
    if (end == text_.size()) {
      return static_cast<std::ptrdiff_t>(tokens_.size());
    }
    const std::vector<Token> alone = encode(text_.substr(0, end));
    return std::ranges::mismatch(alone, tokens_).in2 - tokens_.begin();
  }

  std::string_view text_;
  const TextScoring& scoring_;
  const tokenizer::Tokenizer& tokenizer_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Sequence> sequences_of(std::string_view text, const TextScoring& scoring,
                                   const tokenizer::Tokenizer& tokenizer) {
  if (scoring.after.empty() && !scoring.until.empty()) {
    throw Error(Code::bad_argument, "an end of what counts, without a beginning",
                "add --score-after TEXT");
  }
  std::vector<Sequence> sequences;
  for (const std::string_view document : documents_of(text, scoring.separator)) {
    sequences.push_back(Document(document, scoring, tokenizer).sequence());
  }
  return sequences;
}

}  // namespace crayon::eval
