#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/piece_index.h"

namespace crayon::tokenizer {

/// The tokens that are found in text before it is merged: user_defined always, control and
/// unknown when asked for. The leftmost match wins, of those the longest.
class SpecialTokens {
 public:
  explicit SpecialTokens(const formats::TokenizerData& data);

  struct Match {
    formats::Token token = no_token;  ///< no_token: none up to the end of the text
    std::size_t begin = 0;            ///< byte; the text's size where there is none
    std::size_t size = 0;             ///< bytes
  };

  /// The first match at or after `from`.
  Match find(std::string_view text, std::size_t from, bool parse_special) const;

 private:
  struct Entry {
    std::string text;
    formats::Token token;
    bool always;  // matched without parse_special
  };

  Match longest_at(std::string_view text, std::size_t begin, bool parse_special) const;

  std::vector<Entry> entries_;  // sorted by text
  /// [first byte] -> entries_ that begin with it, as [begin, end)
  std::array<std::pair<std::size_t, std::size_t>, 256> by_first_byte_{};
};

}  // namespace crayon::tokenizer
