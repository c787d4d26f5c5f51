#include "runtime/generation/json_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::generation {
namespace {

/// Made of whole UTF-8 characters.
bool is_whole(std::string_view bytes) {
  const bool ascii = std::all_of(bytes.begin(), bytes.end(),
                                 [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
  return ascii || tokenizer::run_length(bytes, true) == bytes.size();
}

/// Free of what means something within a string, or may not be there.
bool is_plain(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<std::uint8_t>(c) >= 0x20 && c != '"' && c != '\\';
  });
}

/// Throws where what has been begun might not be ended. `single`: the bytes that are tokens.
void check_ends(const std::bitset<256>& single, bool splits_characters) {
  constexpr std::string_view enders = "{}]\":0\\ualsredc";
  constexpr std::string_view character_enders = "\xbf\x9f\x8f";
  const std::string needed = std::string(enders).append(splits_characters ? character_enders : "");
  for (const char c : needed) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (!single[byte]) {
      throw Error(
          Code::bad_tokenizer,
          fmt::format("the model cannot answer in JSON: it has no token for byte {:#04x}", byte),
          "use a model whose tokens can spell every byte");
    }
  }
}

}  // namespace

JsonTokens::JsonTokens(const tokenizer::Tokenizer& tokenizer)
    : tokenizer_(tokenizer), next_(guide_.next()) {
  std::bitset<256> single;  // bytes that are tokens
  bool splits_characters = false;
  looks_.reserve(tokenizer.data().pieces.size());
  for (std::size_t i = 0; i < tokenizer.data().pieces.size(); ++i) {
    const auto token = static_cast<formats::Token>(i);
    const std::string_view bytes = tokenizer.bytes(token);
    if (bytes.empty() || tokenizer.ends_generation(token)) {
      looks_.push_back({Kind::never, 0});
      continue;
    }
    const auto first = static_cast<std::uint8_t>(bytes.front());
    const bool whole = is_whole(bytes);
    looks_.push_back({whole && is_plain(bytes) ? Kind::text : Kind::other, first});
    splits_characters |= !whole;
    if (bytes.size() == 1) {
      single[first] = true;
    }
  }
  check_ends(single, splits_characters);
}

bool JsonTokens::allows(formats::Token token) const {
  // A model may have more logits than its tokenizer has tokens.
  if (token < 0 || static_cast<std::size_t>(token) >= looks_.size()) {
    return false;
  }
  const Look& look = looks_[static_cast<std::size_t>(token)];
  if (look.kind == Kind::never || !next_[look.first]) {
    return false;
  }
  return (look.kind == Kind::text && guide_.in_string()) || guide_.accepts(tokenizer_.bytes(token));
}

void JsonTokens::push(formats::Token token) {
  if (!allows(token)) {
    throw Error(Code::bad_argument, "a token does not continue the JSON object");
  }
  guide_.push(tokenizer_.bytes(token));
  next_ = guide_.next();
}

}  // namespace crayon::generation
