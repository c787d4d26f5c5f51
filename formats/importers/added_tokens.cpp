#include "formats/importers/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"

namespace crayon::importers {

using formats::AddedToken;
using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

void set_piece(TokenizerData& tokenizer, std::uint32_t id, std::string piece, TokenType type,
               const std::string& where) {
  if (id >= formats::max_tokens) {
    throw Error(Code::bad_tokenizer, fmt::format("{}: {} has the id {}", where, piece, id));
  }
  if (id >= tokenizer.pieces.size()) {
    tokenizer.pieces.resize(id + 1);
    tokenizer.types.resize(id + 1, TokenType::unused);
    if (formats::has_scores(tokenizer.kind)) {
      tokenizer.scores.resize(id + 1, 0.0f);
    }
  }
  tokenizer.pieces[id] = std::move(piece);
  tokenizer.types[id] = type;
}

void add_token(TokenizerData& tokenizer, std::uint32_t id, const JsonObject& token) {
  const bool special = token.boolean("special").value_or(false);
  set_piece(tokenizer, id, token.required_text("content"),
            special ? TokenType::control : TokenType::user_defined, token.where());
  const AddedToken rule{.token = static_cast<Token>(id),
                        .lstrip = token.boolean("lstrip").value_or(false),
                        .rstrip = token.boolean("rstrip").value_or(false),
                        .single_word = token.boolean("single_word").value_or(false),
                        .normalized = token.boolean("normalized").value_or(false)};
  std::vector<AddedToken>& rules = tokenizer.added;
  auto place = std::ranges::lower_bound(rules, rule.token, {}, &AddedToken::token);
  if (place != rules.end() && place->token == rule.token) {
    place = rules.erase(place);
  }
  if (rule != AddedToken{.token = rule.token}) {
    rules.insert(place, rule);
  }
}

void add_decoder_tokens(TokenizerData& tokenizer, const JsonObject& config) {
  const auto tokens = config.object("added_tokens_decoder");
  if (!tokens) {
    return;
  }
  for (const auto& [key, value] : tokens->json().items()) {
    std::uint32_t id = 0;
    const char* const end = key.data() + key.size();
    const auto [stop, error] = std::from_chars(key.data(), end, id);
    if (error != std::errc() || stop != end) {
      tokens->fail_type(key.c_str(), "under the id of a token");
    }
    add_token(tokenizer, id, JsonObject(value, fmt::format("{}: {}", tokens->where(), key)));
  }
}

}  // namespace crayon::importers
