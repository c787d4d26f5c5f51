#include "tests/runtime/tokenizer/vocabularies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <ctime>

namespace crayon::tokenizer::test {

Token add_piece(TokenizerData& data, std::string piece, TokenType type, float score) {
  data.pieces.push_back(std::move(piece));
  data.types.push_back(type);
  if (formats::has_scores(data.kind)) {
    data.scores.push_back(score);
  }
  return static_cast<Token>(data.pieces.size() - 1);
}

TokenizerData sentencepiece(const std::vector<std::string>& pieces) {
  TokenizerData data;
  data.kind = TokenizerKind::sentencepiece_bpe;
  data.unknown = add_piece(data, "<unk>", TokenType::unknown);
  data.bos = add_piece(data, "<s>", TokenType::control);
  data.eos = add_piece(data, "</s>", TokenType::control);
  data.end_of_generation = {*data.eos};
  float score = 0;
  for (const std::string& piece : pieces) {
    add_piece(data, piece, TokenType::normal, --score);
  }
  return data;
}

Token add_byte_tokens(TokenizerData& data) {
  const auto first = static_cast<Token>(data.pieces.size());
  for (unsigned byte = 0; byte < 256; ++byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    add_piece(data, std::string("<0x") + digits[byte / 16] + digits[byte % 16] + '>',
              TokenType::byte);
  }
  return first;
}

TokenizerData byte_bpe(const std::vector<std::pair<std::string, std::string>>& merges) {
  TokenizerData data;
  data.kind = TokenizerKind::byte_bpe;
  for (int byte = 0; byte < 256; ++byte) {
    add_piece(data, std::string(1, static_cast<char>(byte)));
  }
  for (const auto& [left, right] : merges) {
    data.merges.push_back({id_of(data, left), id_of(data, right)});
    const std::string result = left + right;
    if (std::find(data.pieces.begin(), data.pieces.end(), result) == data.pieces.end()) {
      add_piece(data, result);
    }
  }
  return data;
}

TokenizerData clip_bpe(const std::vector<std::pair<std::string, std::string>>& merges) {
  TokenizerData data;
  data.kind = TokenizerKind::clip_bpe;
  for (const std::string end : {"", "</w>"}) {
    for (int byte = 0; byte < 256; ++byte) {
      add_piece(data, std::string(1, static_cast<char>(byte)) + end);
    }
  }
  for (const auto& [left, right] : merges) {
    data.merges.push_back({id_of(data, left), id_of(data, right)});
    add_piece(data, left + right);
  }
  data.pre_tokenizers = {R"('s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+)"};
  data.normalize_nfc = true;
  data.bos = add_piece(data, "<|startoftext|>", TokenType::control);
  data.eos = add_piece(data, "<|endoftext|>", TokenType::control);
  data.add_bos = data.add_eos = true;
  return data;
}

TokenizerData random_byte_bpe(Random& random, std::size_t merges) {
  std::vector<std::string> pieces = {"a", "b", "c", "d"};
  std::vector<std::pair<std::string, std::string>> pairs;
  while (pairs.size() < merges) {
    const std::pair pair{pieces[random.below(pieces.size())], pieces[random.below(pieces.size())]};
    if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) {
      pairs.push_back(pair);
      pieces.push_back(pair.first + pair.second);
    }
  }
  return byte_bpe(pairs);
}

Token id_of(const TokenizerData& data, std::string_view piece) {
  const auto found = std::find(data.pieces.begin(), data.pieces.end(), piece);
  EXPECT_NE(found, data.pieces.end()) << "no piece " << piece;
  return static_cast<Token>(found - data.pieces.begin());
}

std::string pieces_of(const TokenizerData& data, const std::vector<Token>& tokens) {
  std::string text;
  for (const Token token : tokens) {
    text += (text.empty() ? "" : "|") + data.pieces.at(static_cast<std::size_t>(token));
  }
  return text;
}

std::string cut(const TokenizerData& data, std::string_view text) {
  return pieces_of(data, Tokenizer(data).encode(text, {.add_bos = false}));
}

std::string random_text(Random& random, std::size_t max_characters) {
  struct Range {
    char32_t first, count;
  };
  constexpr std::array<Range, 14> ranges = {{{0x20, 1},
                                             {0x61, 26},
                                             {0x20, 95},
                                             {0x00, 0x20},
                                             {0xa0, 0x60},
                                             {0x300, 0x70},     // combining marks
                                             {0x400, 0x100},    // Cyrillic
                                             {0x600, 0x100},    // Arabic
                                             {0x1100, 0x100},   // Hangul jamo
                                             {0x2000, 0x70},    // spaces and joiners
                                             {0x2581, 1},       // SentencePiece's mark itself
                                             {0x4e00, 0x5000},  // Chinese
                                             {0xe000, 0x2000},  // private, compatibility, U+FFFD
                                             {0x1f300, 0x400}}};
  std::string text;
  for (std::size_t left = random.below(max_characters + 1); left > 0; --left) {
    const Range range = ranges[random.below(ranges.size())];
    text += utf8(range.first + static_cast<char32_t>(random.below(range.count)));
  }
  return text;
}

std::string random_bytes(Random& random, std::size_t max_bytes) {
  std::string bytes;
  for (std::size_t left = random.below(max_bytes + 1); left > 0; --left) {
    const std::uint64_t choice = random.below(8);
    if (choice < 4) {
      bytes += static_cast<char>(random.below(256));
    } else if (choice < 6) {
      bytes += static_cast<char>(' ' + random.below(95));
    } else {
      const std::string character = random_text(random, 1);
      bytes += character.substr(0, random.below(character.size() + 1));
    }
  }
  return bytes;
}

TokenizerData random_tokenizer(Random& random) {
  TokenizerData data;
  data.kind = static_cast<TokenizerKind>(random.below(4));
  const std::size_t size = 1 + random.below(60);
  for (std::size_t i = 0; i < size; ++i) {
    auto type = static_cast<TokenType>(random.below(6));
    std::string piece = random_bytes(random, 3);
    if (type == TokenType::byte && formats::has_scores(data.kind)) {
      piece = "<0x" + std::to_string(10 + random.below(90)) + ">";
    }
    add_piece(data, piece, type, static_cast<float>(random.normal()));
  }
  data.add_bos = data.add_eos = data.add_space_prefix = random.below(2) == 0;
  data.remove_extra_whitespace = random.below(2) == 0;
  data.normalize_nfc = random.below(2) == 0;
  data.prefix_scope = static_cast<formats::PrefixScope>(random.below(3));
  data.prefix_unless_space = random.below(2) == 0;
  for (std::size_t i = 0; i < size; ++i) {
    const TokenType type = data.types[i];
    if (type == TokenType::control || type == TokenType::user_defined) {
      data.added.push_back({.token = static_cast<Token>(i),
                            .lstrip = random.below(2) == 0,
                            .rstrip = random.below(2) == 0,
                            .single_word = random.below(2) == 0,
                            .normalized = random.below(2) == 0});
    }
  }
  data.ignore_merges = random.below(2) == 0;
  data.bos = data.eos = data.unknown = static_cast<Token>(random.below(size));
  data.end_of_generation = {*data.eos};
  return data;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (std::size_t at; (at = text.find(from)) != std::string_view::npos;) {
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

bool unpack_gzip(const std::filesystem::path& packed, const std::filesystem::path& file) {
  const std::string command = "gzip -dc '" + packed.string() + "' > '" + file.string() + "'";
  return std::system(command.c_str()) == 0;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::string utf8(char32_t character) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  const auto rest = [&](int shift) { return byte(0x80 | (character >> shift & 0x3f)); };
  if (character < 0x80) {
    return {byte(character)};
  }
  if (character < 0x800) {
    return {byte(0xc0 | character >> 6), rest(0)};
  }
  if (character < 0x10000) {
    return {byte(0xe0 | character >> 12), rest(6), rest(0)};
  }
  return {byte(0xf0 | character >> 18), rest(12), rest(6), rest(0)};
}

}  // namespace crayon::tokenizer::test
