#include "runtime/generation/open_turn.h"

namespace crayon::generation {
namespace {

constexpr std::string_view placeholder = "?";

std::vector<Turn> turns_of(std::string_view system) {
  std::vector<Turn> turns;
  if (!system.empty()) {
    turns.push_back({"system", std::string(system)});
  }
  turns.push_back({"user", std::string(placeholder)});
  return turns;
}

}  // namespace

OpenTurn::OpenTurn(std::string_view system, const ChatFormat& format,
                   const tokenizer::Tokenizer& tokenizer)
    : format_(format), tokenizer_(tokenizer) {
  const std::vector<Turn> turns = turns_of(system);
  pinned_ = opening_tokens(turns, format, tokenizer);
  std::string* side = &before_;
  for (const formats::ChatPiece& piece : formats::lay_out(turns, format)) {
    if (piece.content && piece.text.data() == turns.back().content.data()) {
      side = &after_;
      continue;
    }
    if (piece.content) {
      contents_.push_back({side->size(), side->size() + piece.text.size()});
    }
    *side += piece.text;
  }
}

std::vector<Token> OpenTurn::add(std::string_view piece) {
  return encode(piece, {});
}

std::vector<Token> OpenTurn::finish(std::string_view question) {
  return encode(question, after_);
}

std::vector<Token> rest_of_turn(std::string_view words, const ChatFormat& format,
                                const tokenizer::Tokenizer& tokenizer) {
  OpenTurn turn({}, format, tokenizer);
  turn.add({});
  return turn.finish(words);
}

std::vector<Token> OpenTurn::encode(std::string_view words, std::string_view after) {
  std::string text;
  std::vector<tokenizer::TextRange> literal;
  const bool starts = !begun_;
  if (starts) {
    text = before_;
    literal = contents_;
    begun_ = true;
  }
  literal.push_back({text.size(), text.size() + words.size()});
  text += words;
  text += after;
  return tokenizer_.encode(text, {.add_bos = starts && format_.tokenizer_bos,
                                  .continues = !starts,
                                  .parse_special = true,
                                  .literal = literal});
}

}  // namespace crayon::generation
