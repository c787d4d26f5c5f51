#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::tokenizer {

/// What tokens are appended to: with, where `begins` is given, the byte of the encoder's text that
/// each begins at.
struct TokenList {
  std::vector<formats::Token>& tokens;
  std::vector<std::size_t>* begins = nullptr;  ///< as many as tokens, ascending

  void add(formats::Token token, std::size_t begin) {
    tokens.push_back(token);
    if (begins != nullptr) {
      begins->push_back(begin);
    }
  }
};

/// Text without special tokens -> tokens; one implementation a TokenizerKind.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// Appends the tokens of `text`, which is any bytes, normalised, not empty, and less than 4 GiB
  /// with marks for its spaces.
  virtual void encode(std::string_view text, TokenList& tokens) const = 0;
};

// All keep a reference to `data`, which formats::check() has accepted, and throw bad_tokenizer.

std::unique_ptr<const Encoder> make_sentencepiece_bpe(const formats::TokenizerData& data);
/// Of the kinds byte_bpe and clip_bpe.
std::unique_ptr<const Encoder> make_byte_bpe(const formats::TokenizerData& data);
std::unique_ptr<const Encoder> make_unigram(const formats::TokenizerData& data);

}  // namespace crayon::tokenizer
