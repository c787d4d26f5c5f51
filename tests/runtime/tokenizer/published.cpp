#include "tests/runtime/tokenizer/published.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "base/file.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer::test {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

const char* const llama3_expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const qwen2_expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

constexpr std::uint64_t file_limit = 64u << 20;

std::string decode_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<unsigned>(alphabet.find(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

/// GPT-2 writes printable bytes of Latin-1 as themselves, the others as U+0100 and on.
std::map<char32_t, char> byte_alphabet() {
  std::map<char32_t, char> bytes;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable =
        (0x21 <= byte && byte <= 0x7e) || (0xa1 <= byte && byte <= 0xff && byte != 0xad);
    bytes[printable ? byte : next++] = static_cast<char>(byte);
  }
  return bytes;
}

std::string bytes_of(std::string_view piece) {
  static const std::map<char32_t, char> alphabet = byte_alphabet();
  std::string bytes;
  while (!piece.empty()) {
    const std::size_t size = next_char(piece).size;
    bytes += alphabet.at(code_point(piece.substr(0, size)));
    piece.remove_prefix(size);
  }
  return bytes;
}

}  // namespace

TokenizerData read_tiktoken(const std::filesystem::path& file) {
  TokenizerData data;
  data.kind = TokenizerKind::byte_bpe;
  std::istringstream lines(read_text(file, file_limit));
  std::unordered_map<std::string, Token> tokens;
  for (std::string piece, rank; lines >> piece >> rank;) {
    data.pieces.push_back(decode_base64(piece));
    tokens[data.pieces.back()] = static_cast<Token>(data.pieces.size() - 1);
  }
  data.types.assign(data.pieces.size(), TokenType::normal);
  // tiktoken merges any two neighbours that make a token, by the id of that token.
  std::vector<std::tuple<Token, Token, Token>> merges;  // result, left, right
  for (std::size_t token = 0; token < data.pieces.size(); ++token) {
    const std::string& piece = data.pieces[token];
    for (std::size_t cut = 1; cut < piece.size(); ++cut) {
      const auto left = tokens.find(piece.substr(0, cut));
      const auto right = tokens.find(piece.substr(cut));
      if (left != tokens.end() && right != tokens.end()) {
        merges.emplace_back(static_cast<Token>(token), left->second, right->second);
      }
    }
  }
  std::sort(merges.begin(), merges.end());
  for (const auto& [result, left, right] : merges) {
    data.merges.push_back({left, right});
  }
  data.ignore_merges = true;  // what is a token is never cut
  return data;
}

TokenizerData read_vocab_and_merges(const std::filesystem::path& folder) {
  TokenizerData data;
  data.kind = TokenizerKind::byte_bpe;
  const auto vocabulary = nlohmann::json::parse(read_text(folder / "vocab.json", file_limit));
  data.pieces.resize(vocabulary.size());
  data.types.assign(vocabulary.size(), TokenType::normal);
  std::unordered_map<std::string, Token> tokens;
  for (const auto& [piece, id] : vocabulary.items()) {
    tokens[piece] = id.get<Token>();
    data.pieces.at(id.get<std::size_t>()) = bytes_of(piece);
  }
  std::istringstream lines(read_text(folder / "merges.txt", file_limit));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (!line.empty() && !line.starts_with("#version")) {
      data.merges.push_back({tokens.at(line.substr(0, space)), tokens.at(line.substr(space + 1))});
    }
  }
  return data;
}

std::vector<ReferenceCase> read_reference_cases(const std::filesystem::path& name) {
  constexpr std::string_view between = "\n__ggml_vocab_test__\n";
  const std::string texts = read_text(name.string() + ".inp", file_limit);
  std::istringstream lines(read_text(name.string() + ".out", file_limit));
  std::vector<ReferenceCase> cases;
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end = std::min(texts.find(between, begin), texts.size());
    ReferenceCase& one = cases.emplace_back();
    one.text = texts.substr(begin, end - begin);
    std::string line;
    std::getline(lines, line);
    std::istringstream ids(line);
    for (Token id = 0; ids >> id;) {
      one.tokens.push_back(id);
    }
    begin = end + between.size();
  }
  return cases;
}

}  // namespace crayon::tokenizer::test
