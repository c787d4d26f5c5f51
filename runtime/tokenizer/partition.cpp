#include "runtime/tokenizer/partition.h"

#include <cstddef>
#include <utility>

#include "base/error.h"
#include "runtime/tokenizer/normalize.h"
#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {
namespace {

using formats::PrefixScope;
using formats::TokenizerKind;
using formats::TokenType;

// Encoders count bytes in 32 bits, and SentencePiece's marks triple spaces.
constexpr std::size_t max_part_bytes = std::size_t{1} << 30;

/// Appends the parts of `text`: the tokens found in it, and what lies between them.
void cut(std::string_view text, const SpecialTokens& tokens, bool parse_special,
         std::vector<Part>& parts) {
  for (std::size_t done = 0; done < text.size();) {
    const SpecialTokens::Match match = tokens.find(text, done, parse_special);
    if (match.begin > done) {
      parts.push_back({.text = std::string(text.substr(done, match.begin - done))});
    }
    if (match.token != no_token) {
      parts.push_back({.token = match.token});
    }
    done = match.begin + match.size;
  }
}

/// Drops spaces at the front and all but one of a run of them; at the end also space marks that
/// the text itself has, as SentencePiece does. Special tokens are no spaces.
void remove_extra_spaces(std::vector<Part>& parts) {
  bool after_space = true;
  for (Part& part : parts) {
    if (part.token != no_token) {
      after_space = false;
      continue;
    }
    part.text = collapse_spaces(part.text, after_space);
    after_space = part.text.empty() ? after_space : part.text.ends_with(' ');
  }
  for (std::size_t i = parts.size(); i-- > 0 && parts[i].token == no_token;) {
    std::string& text = parts[i].text;
    while (text.ends_with(' ') || text.ends_with(space_mark)) {
      text.resize(text.size() - (text.ends_with(' ') ? 1 : space_mark.size()));
    }
    if (!text.empty()) {
      break;
    }
  }
}

}  // namespace

Partition::Partition(const formats::TokenizerData& data)
    : data_(data),
      charsmap_(data.charsmap.empty() ? std::nullopt
                                      : std::optional<formats::Charsmap>(data.charsmap)),
      raw_(data, false, {}),
      normalized_(data, true, [this](std::string_view text) { return normalize(text); }) {}

std::string Partition::normalize(std::string_view text) const {
  std::string normal;
  if (charsmap_) {
    normal = rewrite(text, *charsmap_, max_part_bytes);
    text = normal;
  }
  if (data_.normalize_nfc) {
    normal = normalize_nfc(text);
    text = normal;
  }
  return data_.kind == TokenizerKind::clip_bpe ? to_lower_case(text) : std::string(text);
}

std::vector<Part> Partition::split(std::string_view text, bool parse_special) const {
  std::vector<Part> parts;
  cut(text, raw_, parse_special, parts);
  for (Part& part : parts) {
    if (part.token == no_token) {
      part.text = normalize(part.text);
    }
  }
  if (data_.remove_extra_whitespace) {
    remove_extra_spaces(parts);
  }
  if (!normalized_.empty()) {
    std::vector<Part> finer;
    for (Part& part : parts) {
      if (part.token != no_token) {
        finer.push_back(std::move(part));
      } else {
        cut(part.text, normalized_, parse_special, finer);
      }
    }
    parts = std::move(finer);
  }
  std::erase_if(parts, [](const Part& p) { return p.token == no_token && p.text.empty(); });
  if (data_.add_space_prefix) {
    add_prefixes(parts);
  }
  return parts;
}

bool Partition::takes_prefix(const Part* before, const Part& part) const {
  if (part.token != no_token || (data_.prefix_unless_space && part.text.starts_with(' '))) {
    return false;
  }
  switch (data_.prefix_scope) {
    case PrefixScope::every_part:
      return true;
    case PrefixScope::text_start:
      return before == nullptr;
    case PrefixScope::after_control:
      break;
  }
  return before == nullptr ||
         data_.types[static_cast<std::size_t>(before->token)] != TokenType::user_defined;
}

void Partition::add_prefixes(std::vector<Part>& parts) const {
  const Part* before = nullptr;  // text is between tokens, so this is one, or there is none
  for (Part& part : parts) {
    if (takes_prefix(before, part)) {
      part.text.insert(0, 1, ' ');
    }
    before = &part;
  }
}

}  // namespace crayon::tokenizer
