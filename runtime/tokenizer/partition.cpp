#include "runtime/tokenizer/partition.h"

#include <array>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include "base/error.h"
#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {
namespace {

using formats::PrefixScope;
using formats::TokenizerKind;
using formats::TokenType;

// Encoders count bytes in 32 bits, and SentencePiece's marks triple spaces.
constexpr std::size_t max_part_bytes = std::size_t{1} << 30;

using Sets = std::span<const SpecialTokens* const>;

/// Those of bytes [begin, end) of a text; none where nobody asks for them.
Origins origins_of(const Origins& origins, std::size_t begin, std::size_t end) {
  if (origins.empty()) {
    return {};
  }
  return Origins(&origins[begin], &origins[begin] + (end - begin));
}

/// Appends the parts of `text` from `begin` on: the tokens of the first set that are found in it,
/// and between them those of the next sets and text.
void cut(std::string_view text, const Origins& origins, std::size_t begin, Sets sets,
         const ControlScope& scope, std::vector<Part>& parts) {
  if (sets.empty()) {
    parts.push_back({.text = std::string(text.substr(begin)),
                     .origins = origins_of(origins, begin, text.size())});
    return;
  }
  for (std::size_t done = begin; done < text.size();) {
    const SpecialTokens::Match match = sets.front()->find(text, done, scope);
    if (match.begin > done) {
      cut(text.substr(0, match.begin), origins, done, sets.subspan(1), scope, parts);
    }
    if (match.token != no_token) {
      parts.push_back(
          {.token = match.token, .origins = origins_of(origins, match.begin, match.begin + 1)});
    }
    done = match.begin + match.size;
  }
}

Origins* origins_to_rewrite(Part& part) {
  return part.origins.empty() ? nullptr : &part.origins;
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
    part.text = collapse_spaces(part.text, after_space, origins_to_rewrite(part));
    after_space = part.text.empty() ? after_space : part.text.ends_with(' ');
  }
  for (std::size_t i = parts.size(); i-- > 0 && parts[i].token == no_token;) {
    std::string& text = parts[i].text;
    while (text.ends_with(' ') || text.ends_with(space_mark)) {
      text.resize(text.size() - (text.ends_with(' ') ? 1 : space_mark.size()));
    }
    if (!parts[i].origins.empty()) {
      parts[i].origins.resize(text.size());
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

std::string Partition::normalize(std::string_view text, Origins* origins) const {
  std::string normal;
  if (charsmap_) {
    normal = rewrite(text, *charsmap_, max_part_bytes, origins);
    text = normal;
  }
  if (data_.normalize_nfc) {
    normal = normalize_nfc(text, origins);
    text = normal;
  }
  return data_.kind == TokenizerKind::clip_bpe ? to_lower_case(text, origins) : std::string(text);
}

std::vector<Part> Partition::split(std::string_view text, const ControlScope& scope, bool starts,
                                   bool track) const {
  const std::array sets = {&raw_, &normalized_};
  const bool all_raw = !scope.literal.empty();
  Origins origins(track ? text.size() : 0);
  std::iota(origins.begin(), origins.end(), 0u);
  std::vector<Part> parts;
  cut(text, origins, 0, Sets(sets).first(all_raw ? 2 : 1), scope, parts);
  for (Part& part : parts) {
    if (part.token == no_token) {
      part.text = normalize(part.text, origins_to_rewrite(part));
    }
  }
  if (data_.remove_extra_whitespace) {
    remove_extra_spaces(parts);
  }
  if (!normalized_.empty()) {
    const ControlScope normal{.parse_special = scope.parse_special && !all_raw};
    std::vector<Part> finer;
    for (Part& part : parts) {
      if (part.token != no_token) {
        finer.push_back(std::move(part));
      } else {
        cut(part.text, part.origins, 0, Sets(sets).last(1), normal, finer);
      }
    }
    parts = std::move(finer);
  }
  std::erase_if(parts, [](const Part& p) { return p.token == no_token && p.text.empty(); });
  if (data_.add_space_prefix) {
    add_prefixes(parts, starts);
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

void Partition::add_prefixes(std::vector<Part>& parts, bool starts) const {
  const Part* before = nullptr;  // text is between tokens, so this is one, or there is none
  for (Part& part : parts) {
    if ((starts || before != nullptr) && takes_prefix(before, part)) {
      part.text.insert(0, 1, ' ');
      if (!part.origins.empty()) {
        part.origins.insert(part.origins.begin(), part.origins.front());
      }
    }
    before = &part;
  }
}

}  // namespace crayon::tokenizer
