#include "formats/tokenizer_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "base/error.h"

namespace crayon::formats {
namespace {

// Several times what any tokenizer has today.
constexpr std::size_t max_tokens = 1u << 20;
constexpr std::size_t max_merges = 1u << 20;
constexpr std::size_t max_piece_bytes = 1u << 16;
constexpr std::size_t max_pre_tokenizers = 64;
constexpr std::size_t max_pattern_bytes = 1u << 16;
constexpr std::size_t max_chat_format_bytes = 64;

[[noreturn]] void fail(std::string_view field, std::string_view problem) {
  throw Error(Code::bad_tokenizer, fmt::format("tokenizer.{}: {}", field, problem));
}

void check_id(std::string_view field, Token id, const TokenizerData& tokenizer) {
  if (id < 0 || static_cast<std::size_t>(id) >= tokenizer.pieces.size()) {
    fail(field, fmt::format("token {} is not in 0..{}", id, tokenizer.pieces.size() - 1));
  }
}

void check_pieces(const TokenizerData& tokenizer) {
  const std::size_t count = tokenizer.pieces.size();
  if (count == 0 || count > max_tokens) {
    fail("pieces", fmt::format("{} tokens are not in 1..{}", count, max_tokens));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (tokenizer.pieces[i].size() > max_piece_bytes) {
      fail(fmt::format("pieces[{}]", i), fmt::format("{} bytes are more than the limit of {}",
                                                     tokenizer.pieces[i].size(), max_piece_bytes));
    }
  }
  if (tokenizer.types.size() != count) {
    fail("types", fmt::format("{} entries for {} tokens", tokenizer.types.size(), count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (tokenizer.types[i] > TokenType::unused) {
      fail(fmt::format("types[{}]", i),
           fmt::format("{} is not known", static_cast<int>(tokenizer.types[i])));
    }
  }
}

void check_scores(const TokenizerData& tokenizer) {
  const std::size_t expected =
      tokenizer.kind == TokenizerKind::sentencepiece_bpe ? tokenizer.pieces.size() : 0;
  if (tokenizer.scores.size() != expected) {
    fail("scores",
         fmt::format("{} entries where {} are needed", tokenizer.scores.size(), expected));
  }
  for (std::size_t i = 0; i < expected; ++i) {
    if (!std::isfinite(tokenizer.scores[i])) {
      fail(fmt::format("scores[{}]", i), "not a finite number");
    }
  }
}

void check_merges(const TokenizerData& tokenizer) {
  if (tokenizer.merges.empty()) {
    return;
  }
  if (tokenizer.kind != TokenizerKind::byte_bpe) {
    fail("merges", "sentencepiece_bpe has none; its scores order the merges");
  }
  if (tokenizer.merges.size() > max_merges) {
    fail("merges", fmt::format("{} are more than {}", tokenizer.merges.size(), max_merges));
  }
  const std::unordered_set<std::string_view> pieces(tokenizer.pieces.begin(),
                                                    tokenizer.pieces.end());
  std::string result;
  for (std::size_t i = 0; i < tokenizer.merges.size(); ++i) {
    const auto [left, right] = tokenizer.merges[i];
    const std::string field = fmt::format("merges[{}]", i);
    check_id(field, left, tokenizer);
    check_id(field, right, tokenizer);
    result = tokenizer.pieces[static_cast<std::size_t>(left)];
    result += tokenizer.pieces[static_cast<std::size_t>(right)];
    if (!pieces.contains(result)) {
      fail(field, fmt::format("no token is the result of {} and {}", left, right));
    }
  }
}

void check_patterns(const TokenizerData& tokenizer) {
  if (tokenizer.pre_tokenizers.size() > max_pre_tokenizers) {
    fail("pre_tokenizers",
         fmt::format("{} are more than {}", tokenizer.pre_tokenizers.size(), max_pre_tokenizers));
  }
  for (std::size_t i = 0; i < tokenizer.pre_tokenizers.size(); ++i) {
    const std::size_t size = tokenizer.pre_tokenizers[i].size();
    if (size == 0 || size > max_pattern_bytes) {
      fail(fmt::format("pre_tokenizers[{}]", i),
           fmt::format("{} bytes are not in 1..{}", size, max_pattern_bytes));
    }
  }
}

}  // namespace

void check(const TokenizerData& tokenizer) {
  if (tokenizer.kind > TokenizerKind::byte_bpe) {
    fail("kind", fmt::format("{} is not known", static_cast<int>(tokenizer.kind)));
  }
  check_pieces(tokenizer);
  check_scores(tokenizer);
  check_merges(tokenizer);
  check_patterns(tokenizer);
  if (tokenizer.bos) {
    check_id("bos", *tokenizer.bos, tokenizer);
  }
  if (tokenizer.eos) {
    check_id("eos", *tokenizer.eos, tokenizer);
  }
  if (tokenizer.unknown) {
    check_id("unknown", *tokenizer.unknown, tokenizer);
  }
  if (tokenizer.end_of_generation.size() > tokenizer.pieces.size()) {
    fail("end_of_generation", "more entries than tokens");
  }
  for (const Token token : tokenizer.end_of_generation) {
    check_id("end_of_generation", token, tokenizer);
  }
  if (tokenizer.chat_format.empty() || tokenizer.chat_format.size() > max_chat_format_bytes) {
    fail("chat_format", fmt::format("a name of 1 to {} bytes is needed", max_chat_format_bytes));
  }
}

}  // namespace crayon::formats
