#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "formats/importers/file_cursor.h"
#include "formats/importers/llama2c.h"
#include "formats/importers/named_check.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::TokenizerData;
using formats::TokenType;

constexpr std::string_view sentencepiece_space = "\xe2\x96\x81";  // U+2581

// The exporter (tokenizer.py) always has these three first, the last two between line breaks.
struct Special {
  const char* spelled;
  const char* piece;
  TokenType type;
};
constexpr Special specials[] = {{"<unk>", "<unk>", TokenType::unknown},
                                {"\n<s>\n", "<s>", TokenType::control},
                                {"\n</s>\n", "</s>", TokenType::control}};

std::string with_marked_spaces(std::string_view text) {
  std::string marked;
  for (const char character : text) {
    if (character == ' ') {
      marked += sentencepiece_space;
    } else {
      marked += character;
    }
  }
  return marked;
}

void add_piece(TokenizerData& data, std::string spelled, const File& file) {
  const std::size_t token = data.pieces.size();
  if (token < std::size(specials)) {
    if (spelled != specials[token].spelled && spelled != specials[token].piece) {
      throw Error(
          Code::bad_tokenizer,
          fmt::format("{}: token {} is not {}", file.path().string(), token, specials[token].piece),
          "pass a tokenizer file of llama2.c");
    }
    data.pieces.emplace_back(specials[token].piece);
    data.types.push_back(specials[token].type);
    return;
  }
  const bool byte = byte_of_piece(spelled).has_value();
  data.pieces.push_back(byte ? std::move(spelled) : with_marked_spaces(spelled));
  data.types.push_back(byte ? TokenType::byte : TokenType::normal);
}

}  // namespace

TokenizerData read_llama2c_tokenizer(const File& file) {
  TokenizerData data;
  FileCursor cursor(file);
  cursor.read<std::uint32_t>("max_token_length");
  while (cursor.left() > 0) {
    const std::string field = fmt::format("token {}", data.pieces.size());
    data.scores.push_back(cursor.read<float>(field));
    const auto size = cursor.read<std::uint32_t>(field);
    add_piece(data, cursor.read_string(size, field), file);
  }
  if (data.pieces.size() < std::size(specials)) {
    throw Error(Code::bad_tokenizer,
                fmt::format("{} has {} tokens", file.path().string(), data.pieces.size()));
  }
  data.unknown = 0;
  data.bos = 1;
  data.eos = 2;
  data.add_bos = true;
  data.add_space_prefix = true;
  complete_end_of_generation(data);
  check_tokenizer(data, file.path().string());
  return data;
}

}  // namespace crayon::importers
