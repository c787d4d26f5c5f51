#include "runtime/generation/chat_format.h"

#include <algorithm>

namespace crayon::generation {
namespace {

/// A conversation's text, and where in it nothing is a control token. It is encoded in one go:
/// cut at the turns' borders, it would become other tokens than those that models are trained
/// with.
struct Text {
  std::string all;
  std::vector<tokenizer::TextRange> contents;

  void add_content(std::string_view content) {
    contents.push_back({all.size(), all.size() + content.size()});
    all += content;
  }

  std::vector<Token> encode(const ChatFormat& format, const tokenizer::Tokenizer& tokenizer) const {
    return tokenizer.encode(all, {.add_bos = format.tokenizer_bos,
                                  .add_eos = false,
                                  .parse_special = true,
                                  .literal = contents});
  }
};

/// Everything up to where the assistant begins to speak.
Text conversation(std::span<const Turn> turns, const ChatFormat& format) {
  Text text;
  for (const formats::ChatPiece& piece : formats::lay_out(turns, format)) {
    if (piece.content) {
      text.add_content(piece.text);
    } else {
      text.all += piece.text;
    }
  }
  return text;
}

}  // namespace

std::vector<Token> render(std::span<const Turn> turns, const ChatFormat& format,
                          const tokenizer::Tokenizer& tokenizer) {
  return conversation(turns, format).encode(format, tokenizer);
}

std::vector<Token> render_answered(std::span<const Turn> turns, std::string_view answer,
                                   const ChatFormat& format,
                                   const tokenizer::Tokenizer& tokenizer) {
  Text text = conversation(turns, format);
  text.add_content(spoken(answer, format));
  return text.encode(format, tokenizer);
}

std::size_t opening_tokens(std::span<const Turn> turns, const ChatFormat& format,
                           const tokenizer::Tokenizer& tokenizer) {
  const auto user = std::ranges::find(turns, "user", &Turn::role);
  if (user == turns.end()) {
    return 1;
  }
  // What two users have in common who say something else.
  std::vector<Turn> opening(turns.begin(), user + 1);
  opening.back().content = "1";
  const std::vector<Token> one = render(opening, format, tokenizer);
  opening.back().content = "A";
  const std::vector<Token> other = render(opening, format, tokenizer);
  const auto end = std::ranges::mismatch(one, other).in1;
  return std::max<std::size_t>(1, static_cast<std::size_t>(end - one.begin()));
}

std::string spoken(std::string_view answer, const ChatFormat& format) {
  const formats::ChatWrap& wrap = format.assistant;
  // Mostly an assistant's turn begins with the opening; the rest is the gap. An opening of its
  // own says already how to go on.
  std::string text;
  if (wrap.prefix.starts_with(format.opening)) {
    text = wrap.prefix.substr(format.opening.size());
  }
  return text += formats::strip(answer, wrap.strip);
}

}  // namespace crayon::generation
