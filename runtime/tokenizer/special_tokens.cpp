#include "runtime/tokenizer/special_tokens.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "runtime/tokenizer/characters.h"
#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {
namespace {

using formats::AddedToken;
using formats::TokenizerData;
using formats::TokenType;

AddedToken rule_of(const TokenizerData& data, formats::Token token) {
  const auto found = std::ranges::lower_bound(data.added, token, {}, &AddedToken::token);
  return found != data.added.end() && found->token == token ? *found : AddedToken{.token = token};
}

bool is_whole_word(std::string_view text, std::size_t begin, std::size_t size) {
  return !ends_with_word(text.substr(0, begin)) && !begins_with_word(text.substr(begin + size));
}

}  // namespace

bool ControlScope::allows(std::size_t begin, std::size_t end) const {
  const auto next = std::ranges::upper_bound(literal, begin, {}, &TextRange::end);
  return parse_special && (next == literal.end() || next->begin >= end);
}

SpecialTokens::SpecialTokens(const TokenizerData& data, bool normalized,
                             const std::function<std::string(std::string_view)>& normalize)
    : index_({}) {
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    const TokenType type = data.types[i];
    const bool always = type == TokenType::user_defined;
    if (!always && type != TokenType::control && type != TokenType::unknown) {
      continue;
    }
    const AddedToken rule = rule_of(data, static_cast<formats::Token>(i));
    std::string text = spelling(data, rule.token);
    if (normalized) {
      text = normalize(text);
    }
    if (rule.normalized == normalized && !text.empty()) {
      entries_.push_back({std::move(text), always, rule});
    }
  }
  // Of two tokens with one spelling the first counts: the one that is always matched, then the
  // lower.
  std::ranges::stable_sort(entries_, {}, [](const Entry& entry) { return !entry.always; });
  index_ = index_of_entries();
}

PrefixIndex SpecialTokens::index_of_entries() const {
  std::vector<PrefixIndex::Entry> texts;
  for (const Entry& entry : entries_) {
    texts.push_back({entry.text, static_cast<std::uint32_t>(texts.size())});
  }
  return PrefixIndex(std::move(texts));
}

SpecialTokens::Match SpecialTokens::find(std::string_view text, std::size_t from,
                                         const ControlScope& scope) const {
  for (std::size_t begin = from; !entries_.empty() && begin < text.size();) {
    const Entry* longest = nullptr;
    index_.for_each(text.substr(begin), [&](std::uint32_t i, std::size_t) {
      const Entry& entry = entries_[i];
      const bool sought = entry.always || scope.allows(begin, begin + entry.text.size());
      longest = sought ? &entry : longest;
    });
    if (longest == nullptr) {
      ++begin;
      continue;
    }
    std::size_t end = begin + longest->text.size();
    if (longest->rule.single_word && !is_whole_word(text, begin, longest->text.size())) {
      begin = end;  // no other is sought inside it, as in Hugging Face's tokenizers
      continue;
    }
    if (longest->rule.lstrip) {
      begin -= trailing_white_space(text.substr(from, begin - from));
    }
    if (longest->rule.rstrip) {
      end += leading_white_space(text.substr(end));
    }
    return {longest->rule.token, begin, end - begin};
  }
  return {no_token, text.size(), 0};
}

}  // namespace crayon::tokenizer
