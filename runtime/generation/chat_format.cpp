#include "runtime/generation/chat_format.h"

#include <algorithm>
#include <functional>

#include "base/error.h"

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

  tokenizer::EncodeOptions options(const ChatFormat& format) const {
    return {.add_bos = format.tokenizer_bos,
            .add_eos = false,
            .parse_special = true,
            .literal = contents};
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

/// Adds what `span` of a content has in `piece`, if that is a view of a part of the content; the
/// piece begins at `begin` of a text.
void add_overlap(const emphasis::Span& span, const std::string& content, std::string_view piece,
                 std::size_t begin, std::vector<emphasis::Span>& spans) {
  const std::less_equal<const char*> up_to;
  const char* const end = content.data() + content.size();
  if (!up_to(content.data(), piece.data()) || !up_to(piece.data() + piece.size(), end)) {
    return;
  }
  const auto skipped = static_cast<std::size_t>(piece.data() - content.data());
  const std::size_t first = std::max(span.begin, skipped);
  const std::size_t last = std::min(span.end, skipped + piece.size());
  if (first < last) {
    spans.push_back({begin + first - skipped, begin + last - skipped, span.weight});
  }
}

}  // namespace

std::vector<Token> render(std::span<const Turn> turns, const ChatFormat& format,
                          const tokenizer::Tokenizer& tokenizer) {
  const Text text = conversation(turns, format);
  return tokenizer.encode(text.all, text.options(format));
}

emphasis::TokenWeights render_weighted(std::span<const Turn> turns, std::span<const TurnSpan> spans,
                                       const ChatFormat& format,
                                       const tokenizer::Tokenizer& tokenizer) {
  for (const TurnSpan& each : spans) {
    if (each.turn >= turns.size() || each.span.end > turns[each.turn].content.size()) {
      throw Error(Code::bad_argument, "a stressed span lies outside of its message",
                  "count bytes of the message's content");
    }
  }
  Text text;
  std::vector<emphasis::Span> in_text;
  for (const formats::ChatPiece& piece : formats::lay_out(turns, format)) {
    if (!piece.content) {
      text.all += piece.text;
      continue;
    }
    for (const TurnSpan& each : spans) {
      add_overlap(each.span, turns[each.turn].content, piece.text, text.all.size(), in_text);
    }
    text.add_content(piece.text);
  }
  return emphasis::token_weights(tokenizer, text.all, in_text, text.options(format));
}

std::vector<Token> render_answered(std::span<const Turn> turns, std::string_view answer,
                                   const ChatFormat& format,
                                   const tokenizer::Tokenizer& tokenizer) {
  Text text = conversation(turns, format);
  text.add_content(spoken(answer, format));
  return tokenizer.encode(text.all, text.options(format));
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
