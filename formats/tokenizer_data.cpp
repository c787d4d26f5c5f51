#include "formats/tokenizer_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "formats/charsmap.h"
#include "formats/error_context.h"
#include "formats/piece_index.h"

namespace crayon::formats {
namespace {

void check_id(std::string_view field, Token id, const TokenizerData& tokenizer) {
  if (id < 0 || static_cast<std::size_t>(id) >= tokenizer.pieces.size()) {
    fail(Code::bad_tokenizer, field,
         fmt::format("token {} is not in 0..{}", id, tokenizer.pieces.size() - 1));
  }
}

void check_id(std::string_view field, std::optional<Token> id, const TokenizerData& tokenizer) {
  if (id) {
    check_id(field, *id, tokenizer);
  }
}

void check_pieces(const TokenizerData& tokenizer) {
  const std::size_t count = tokenizer.pieces.size();
  if (count == 0 || count > max_tokens) {
    fail(Code::bad_tokenizer, "pieces",
         fmt::format("{} tokens are not in 1..{}", count, max_tokens));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (tokenizer.pieces[i].size() > max_piece_bytes) {
      fail(Code::bad_tokenizer, fmt::format("pieces[{}]", i),
           fmt::format("{} bytes are more than the limit of {}", tokenizer.pieces[i].size(),
                       max_piece_bytes));
    }
  }
  if (tokenizer.types.size() != count) {
    fail(Code::bad_tokenizer, "types",
         fmt::format("{} entries for {} tokens", tokenizer.types.size(), count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (tokenizer.types[i] > TokenType::unused) {
      fail(Code::bad_tokenizer, fmt::format("types[{}]", i),
           fmt::format("{} is not known", static_cast<int>(tokenizer.types[i])));
    }
  }
}

void check_scores(const TokenizerData& tokenizer) {
  const std::size_t expected = has_scores(tokenizer.kind) ? tokenizer.pieces.size() : 0;
  if (tokenizer.scores.size() != expected) {
    fail(Code::bad_tokenizer, "scores",
         fmt::format("{} entries where {} are needed", tokenizer.scores.size(), expected));
  }
  for (std::size_t i = 0; i < expected; ++i) {
    if (!std::isfinite(tokenizer.scores[i])) {
      fail(Code::bad_tokenizer, fmt::format("scores[{}]", i), "not a finite number");
    }
  }
}

void check_merges(const TokenizerData& tokenizer) {
  const std::vector<TokenizerData::Merge>& merges = tokenizer.merges;
  if (merges.empty()) {
    return;
  }
  if (has_scores(tokenizer.kind)) {
    fail(Code::bad_tokenizer, "merges", "a tokenizer that goes by scores has none");
  }
  if (merges.size() > max_merges) {
    fail(Code::bad_tokenizer, "merges",
         fmt::format("{} are more than {}", merges.size(), max_merges));
  }
  const PieceIndex pieces(tokenizer, [](TokenType) { return true; });
  for (std::size_t i = 0; i < merges.size(); ++i) {
    in_entry("merges", i, [&] {
      const auto [left, right] = merges[i];
      check_id("left", left, tokenizer);
      check_id("right", right, tokenizer);
      if (pieces.find_joined(left, right) == no_token) {
        fail(Code::bad_tokenizer, "result", fmt::format("no token is {} and {}", left, right));
      }
    });
  }
}

void check_patterns(const TokenizerData& tokenizer) {
  if (tokenizer.pre_tokenizers.size() > max_pre_tokenizers) {
    fail(Code::bad_tokenizer, "pre_tokenizers",
         fmt::format("{} are more than {}", tokenizer.pre_tokenizers.size(), max_pre_tokenizers));
  }
  for (std::size_t i = 0; i < tokenizer.pre_tokenizers.size(); ++i) {
    const std::size_t size = tokenizer.pre_tokenizers[i].size();
    if (size == 0 || size > max_pattern_bytes) {
      fail(Code::bad_tokenizer, fmt::format("pre_tokenizers[{}]", i),
           fmt::format("{} bytes are not in 1..{}", size, max_pattern_bytes));
    }
  }
}

void check_added(const TokenizerData& tokenizer) {
  for (std::size_t i = 0; i < tokenizer.added.size(); ++i) {
    const Token token = tokenizer.added[i].token;
    in_entry("added", i, [&] {
      check_id("token", token, tokenizer);
      if (i > 0 && token <= tokenizer.added[i - 1].token) {
        fail(Code::bad_tokenizer, "token", fmt::format("{} is not in order", token));
      }
      const TokenType type = tokenizer.types[static_cast<std::size_t>(token)];
      if (type != TokenType::control && type != TokenType::user_defined &&
          type != TokenType::unknown) {
        fail(Code::bad_tokenizer, "token", fmt::format("{} is not found in text whole", token));
      }
    });
  }
}

void check_normalizer(const TokenizerData& tokenizer) {
  if (tokenizer.prefix_scope > PrefixScope::after_control) {
    fail(Code::bad_tokenizer, "prefix_scope",
         fmt::format("{} is not known", static_cast<int>(tokenizer.prefix_scope)));
  }
  if (!tokenizer.charsmap.empty()) {
    in_field("charsmap", [&] { Charsmap(tokenizer.charsmap); });
  }
}

void check_fields(const TokenizerData& tokenizer) {
  if (tokenizer.kind > TokenizerKind::clip_bpe) {
    fail(Code::bad_tokenizer, "kind",
         fmt::format("{} is not known", static_cast<int>(tokenizer.kind)));
  }
  check_pieces(tokenizer);
  check_scores(tokenizer);
  check_merges(tokenizer);
  check_patterns(tokenizer);
  check_normalizer(tokenizer);
  check_added(tokenizer);
  check_id("bos", tokenizer.bos, tokenizer);
  check_id("eos", tokenizer.eos, tokenizer);
  check_id("unknown", tokenizer.unknown, tokenizer);
  if (tokenizer.end_of_generation.size() > tokenizer.pieces.size()) {
    fail(Code::bad_tokenizer, "end_of_generation", "more entries than tokens");
  }
  for (const Token token : tokenizer.end_of_generation) {
    check_id("end_of_generation", token, tokenizer);
  }
  in_field("chat_format", [&] { check(tokenizer.chat_format); });
}

}  // namespace

void check(const TokenizerData& tokenizer) {
  in_field("tokenizer", [&] { check_fields(tokenizer); });
}

void set_chat_format(TokenizerData& tokenizer, ChatFormat format) {
  const std::string& suffix = format.assistant.suffix;
  std::size_t first = std::string::npos;
  std::optional<Token> end;
  for (std::size_t i = 0; i < tokenizer.pieces.size(); ++i) {
    if (tokenizer.types[i] == TokenType::control && !tokenizer.pieces[i].empty()) {
      const std::size_t at = suffix.find(tokenizer.pieces[i]);
      if (at < first) {
        first = at;
        end = static_cast<Token>(i);
      }
    }
  }
  std::vector<Token>& ends = tokenizer.end_of_generation;
  if (end && std::ranges::find(ends, *end) == ends.end()) {
    ends.push_back(*end);
  }
  tokenizer.chat_format = std::move(format);
}

}  // namespace crayon::formats
