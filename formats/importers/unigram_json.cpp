#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "formats/importers/special_tokens.h"
#include "formats/importers/tokenizer_json.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

constexpr std::string_view space_mark = "\xe2\x96\x81";  // U+2581

bool has_inner_mark(std::string_view piece) {
  return piece.find(space_mark, 1) != std::string_view::npos;
}

}  // namespace

void read_unigram(const JsonObject& model, const TextSplit& split, TokenizerData& tokenizer) {
  const Json* pieces = model.array("vocab");
  if (pieces == nullptr) {
    model.fail_missing("vocab");
  }
  if (pieces->size() > formats::max_tokens) {
    throw Error(Code::over_limit, fmt::format("{}: vocab has {} pieces, more than {}",
                                              model.where(), pieces->size(), formats::max_tokens));
  }
  const bool falls_back = model.boolean("byte_fallback").value_or(false);
  for (const Json& entry : *pieces) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      model.fail_type("vocab", "a list of pieces with their scores");
    }
    const std::string& piece = entry[0].get_ref<const std::string&>();
    tokenizer.pieces.push_back(piece);
    tokenizer.scores.push_back(entry[1].get<float>());
    tokenizer.types.push_back(falls_back && byte_of_piece(piece)            ? TokenType::byte
                              : split.splits_words && has_inner_mark(piece) ? TokenType::unused
                                                                            : TokenType::normal);
  }
  if (const auto unknown = model.size("unk_id")) {
    if (*unknown >= tokenizer.pieces.size()) {
      model.fail_type("unk_id", "the id of a token");
    }
    tokenizer.unknown = static_cast<Token>(*unknown);
    tokenizer.types[*unknown] = TokenType::unknown;
  }
}

}  // namespace crayon::importers
