#include "tests/fuzz/tokenizers.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "runtime/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

constexpr std::string_view sample = "<s> a\u2581b  It's 12,5 \u00c9\u0301\n\xff<|im_end|>ab";

std::optional<tokenizer::Tokenizer> make(const formats::TokenizerData& data) {
  try {
    return tokenizer::Tokenizer(data);
  } catch (const Error& error) {
    require(error.code() == Code::bad_tokenizer, "what no tokenizer can be made of is a bad one");
    return std::nullopt;
  }
}

void check_tokens(const tokenizer::Tokenizer& tokenizer) {
  const tokenizer::EncodeOptions options{.parse_special = true};
  const std::vector<formats::Token> tokens = tokenizer.encode(sample, options);
  const std::size_t pieces = tokenizer.data().pieces.size();
  const auto is_known = [&](formats::Token token) {
    return token >= 0 && static_cast<std::size_t>(token) < pieces;
  };
  require(std::ranges::all_of(tokens, is_known), "a token is one of the vocabulary's");
  const tokenizer::Encoding encoding = tokenizer.encode_with_begins(sample, options);
  require(encoding.tokens == tokens, "where tokens begin does not change them");
  require(std::ranges::is_sorted(encoding.begins), "tokens begin one behind the other");
  tokenizer.decode(tokens);
}

}  // namespace

void use_tokenizer(const formats::TokenizerData& data) {
  if (const auto tokenizer = make(data)) {
    try {
      check_tokens(*tokenizer);
    } catch (const Error& error) {
      require(error.code() == Code::over_limit, "only what explodes is refused");
    }
  }
}

}  // namespace crayon::fuzz
