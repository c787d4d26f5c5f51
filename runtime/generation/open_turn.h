#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/generation/chat_format.h"

namespace crayon::generation {

/// A turn of a user who says more than anybody wants to hold at once: a document, and then a
/// question about it. Encoded piece by piece; where pieces meet, tokens can be others than those of
/// the whole, so pieces best begin with a line break.
class OpenTurn {
 public:
  /// `system`: what stands before; empty: nothing. All must outlive this. Throws as render() does.
  OpenTurn(std::string_view system, const ChatFormat& format,
           const tokenizer::Tokenizer& tokenizer);

  /// The next piece; the first one with all that stands before the user's words.
  std::vector<Token> add(std::string_view piece);
  /// The last piece, up to where the assistant begins to speak.
  std::vector<Token> finish(std::string_view question);
  /// How many tokens stand before the user's words.
  std::size_t pinned() const { return pinned_; }

 private:
  std::vector<Token> encode(std::string_view words, std::string_view after);

  const ChatFormat& format_;
  const tokenizer::Tokenizer& tokenizer_;
  std::string before_;                          // the text in front of the user's words
  std::vector<tokenizer::TextRange> contents_;  // in it: what is no control token
  std::string after_;                           // the text behind them
  bool begun_ = false;
  std::size_t pinned_;
};

/// The tokens of a user's last words, behind others of the same turn, up to where the assistant
/// begins to speak.
std::vector<Token> rest_of_turn(std::string_view words, const ChatFormat& format,
                                const tokenizer::Tokenizer& tokenizer);

}  // namespace crayon::generation
