#include "runtime/tokenizer/special_tokens.h"

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {

using formats::TokenType;

SpecialTokens::SpecialTokens(const formats::TokenizerData& data) {
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    const TokenType type = data.types[i];
    const bool always = type == TokenType::user_defined;
    if (data.pieces[i].empty() ||
        (!always && type != TokenType::control && type != TokenType::unknown)) {
      continue;
    }
    const auto token = static_cast<formats::Token>(i);
    entries_.push_back({spelling(data, token), token, always});
  }
  // Of two tokens with one spelling, the one that is always matched comes first, then the lower.
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(std::string_view(a.text), !a.always, a.token) <
           std::tuple(std::string_view(b.text), !b.always, b.token);
  });
  const auto same = [](const Entry& a, const Entry& b) { return a.text == b.text; };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& [begin, end] = by_first_byte_[static_cast<std::uint8_t>(entries_[i].text[0])];
    begin = end == 0 ? i : begin;
    end = i + 1;
  }
}

SpecialTokens::Match SpecialTokens::find(std::string_view text, std::size_t from,
                                         bool parse_special) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    const Match match = longest_at(text, begin, parse_special);
    if (match.token != no_token) {
      return match;
    }
  }
  return {no_token, text.size(), 0};
}

SpecialTokens::Match SpecialTokens::longest_at(std::string_view text, std::size_t begin,
                                               bool parse_special) const {
  Match longest;
  // [first, last): the entries that agree with the text so far. They are sorted, so the one that
  // ends here, if any, is the first, and those that go on alike lie side by side.
  auto [first, last] = by_first_byte_[static_cast<std::uint8_t>(text[begin])];
  for (std::size_t size = 1; first < last; ++size) {
    const Entry& entry = entries_[first];
    if (entry.text.size() == size) {
      if (entry.always || parse_special) {
        longest = {entry.token, begin, size};
      }
      ++first;
    }
    if (begin + size == text.size()) {
      break;
    }
    const auto next = static_cast<std::uint8_t>(text[begin + size]);
    const auto byte = [size](const Entry& e) { return static_cast<std::uint8_t>(e.text[size]); };
    const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = entries_.begin() + static_cast<std::ptrdiff_t>(last);
    const auto low = std::partition_point(from, to, [&](const Entry& e) { return byte(e) < next; });
    const auto high =
        std::partition_point(low, to, [&](const Entry& e) { return byte(e) == next; });
    first = static_cast<std::size_t>(low - entries_.begin());
    last = static_cast<std::size_t>(high - entries_.begin());
  }
  return longest;
}

}  // namespace crayon::tokenizer
