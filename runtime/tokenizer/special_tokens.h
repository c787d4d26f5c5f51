#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/pieces.h"
#include "runtime/tokenizer/prefix_index.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::tokenizer {

/// Where in a text control and unknown tokens are sought.
struct ControlScope {
  bool parse_special = false;               ///< anywhere at all
  std::span<const TextRange> literal = {};  ///< but not here; in order and apart

  /// Whether a token may be spelled in [begin, end).
  bool allows(std::size_t begin, std::size_t end) const;
};

/// Tokens that are found in text before it is merged: user_defined always, control and unknown
/// when asked for. The leftmost match wins, of those the longest. White space next to a match is
/// a part of it, and matches inside a word are none, where TokenizerData::added says so.
class SpecialTokens {
 public:
  /// Those of `data` that are `normalized`, or those that are not; normalize(spelling) is what
  /// the former are sought as.
  SpecialTokens(const formats::TokenizerData& data, bool normalized,
                const std::function<std::string(std::string_view)>& normalize);
  SpecialTokens(const SpecialTokens&) = delete;  // the index has views of the entries
  SpecialTokens& operator=(const SpecialTokens&) = delete;

  struct Match {
    formats::Token token = no_token;  ///< no_token: none up to the end of the text
    std::size_t begin = 0;            ///< byte; the text's size where there is none
    std::size_t size = 0;             ///< bytes
  };

  bool empty() const { return entries_.empty(); }

  /// The first match at or after `from`.
  Match find(std::string_view text, std::size_t from, const ControlScope& scope) const;

 private:
  struct Entry {
    std::string text;
    bool always;  // matched without parse_special
    formats::AddedToken rule;
  };

  PrefixIndex index_of_entries() const;

  std::vector<Entry> entries_;
  PrefixIndex index_;
};

}  // namespace crayon::tokenizer
