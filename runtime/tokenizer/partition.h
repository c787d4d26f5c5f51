#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/charsmap.h"
#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/normalize.h"
#include "runtime/tokenizer/special_tokens.h"

namespace crayon::tokenizer {

/// What a text is cut into before it is encoded: a special token, or text that an Encoder takes.
struct Part {
  formats::Token token = no_token;  ///< no_token: text
  std::string text = {};            ///< not empty, normalised; empty where there is a token
  /// Of each byte of `text`, of a token one: where in the whole text it is from. Empty unless
  /// asked for.
  Origins origins = {};
};

/// Finds special tokens and normalises what lies between them, in the order of Hugging Face's
/// tokenizers: tokens in the text as it is; charsmap, normal form C, lower case; tokens in
/// normalised text; a space in front. Where stretches are literal, control tokens are sought in the
/// text as it is alone: it is not known what becomes of the stretches.
class Partition {
 public:
  /// Keeps a reference to `data`.
  explicit Partition(const formats::TokenizerData& data);

  /// `starts`: whether a text begins here, or goes on; `track`: whether parts get their origins.
  /// Throws over_limit when normalising makes too much of the text.
  std::vector<Part> split(std::string_view text, const ControlScope& scope, bool starts = true,
                          bool track = false) const;

 private:
  std::string normalize(std::string_view text, Origins* origins = nullptr) const;
  bool takes_prefix(const Part* before, const Part& part) const;
  void add_prefixes(std::vector<Part>& parts, bool starts) const;

  const formats::TokenizerData& data_;
  std::optional<formats::Charsmap> charsmap_;
  SpecialTokens raw_;         // sought in the text as it is
  SpecialTokens normalized_;  // sought in normalised text
};

}  // namespace crayon::tokenizer
