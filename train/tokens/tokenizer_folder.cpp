#include "train/tokens/tokenizer_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace crayon::train {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;
using Json = nlohmann::ordered_json;

constexpr const char* space_mark = "\u2581";

/// Every pair of pieces that makes a piece, the highest score first and the shortest left side
/// first among those of one piece.
Json merges_of(const TokenizerData& data) {
  std::unordered_set<std::string_view> pieces;
  std::vector<std::size_t> order;
  for (std::size_t id = 0; id < data.pieces.size(); ++id) {
    if (data.types[id] == TokenType::normal) {
      pieces.insert(data.pieces[id]);
      order.push_back(id);
    }
  }
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return data.scores[a] > data.scores[b]; });
  Json merges = Json::array();
  for (const std::size_t id : order) {
    const std::string_view piece = data.pieces[id];
    for (std::size_t size = 1; size < piece.size(); ++size) {
      if (pieces.contains(piece.substr(0, size)) && pieces.contains(piece.substr(size))) {
        merges.push_back(fmt::format("{} {}", piece.substr(0, size), piece.substr(size)));
      }
    }
  }
  return merges;
}

Json vocabulary_of(const TokenizerData& data) {
  // In order of the ids, and past the map's own insertion, which looks through all that is there.
  Json::object_t vocabulary;
  std::unordered_set<std::string_view> known;
  for (std::size_t id = 0; id < data.pieces.size(); ++id) {
    if (!known.insert(data.pieces[id]).second) {
      throw Error(Code::bad_tokenizer, fmt::format("the piece {} comes twice", data.pieces[id]));
    }
    vocabulary.Json::object_t::Container::emplace_back(data.pieces[id], id);
  }
  return vocabulary;
}

const std::string& piece_of(const TokenizerData& data, Token token) {
  return data.pieces[static_cast<std::size_t>(token)];
}

Json added_tokens_of(const TokenizerData& data) {
  Json tokens = Json::array();
  for (const auto& token : {data.unknown, data.bos, data.eos}) {
    tokens.push_back({{"id", *token},
                      {"content", piece_of(data, *token)},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", true}});
  }
  return tokens;
}

Json normalizer() {
  return {{"type", "Sequence"},
          {"normalizers",
           {{{"type", "Prepend"}, {"prepend", space_mark}},
            {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", space_mark}}}}};
}

Json decoder() {
  return {{"type", "Sequence"},
          {"decoders",
           {{{"type", "Replace"}, {"pattern", {{"String", space_mark}}}, {"content", " "}},
            {{"type", "ByteFallback"}},
            {{"type", "Fuse"}},
            {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}};
}

/// <s> in front of a text, and of each of two.
Json processor_of(const TokenizerData& data) {
  const std::string& bos = piece_of(data, *data.bos);
  const auto special = [&](int type) {
    return Json{{"SpecialToken", {{"id", bos}, {"type_id", type}}}};
  };
  const auto text = [](const char* name, int type) {
    return Json{{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  return {
      {"type", "TemplateProcessing"},
      {"single", Json::array({special(0), text("A", 0)})},
      {"pair", Json::array({special(0), text("A", 0), special(1), text("B", 1)})},
      {"special_tokens",
       {{bos, {{"id", bos}, {"ids", Json::array({*data.bos})}, {"tokens", Json::array({bos})}}}}}};
}

Json tokenizer_json(const TokenizerData& data) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added_tokens_of(data)},
          {"normalizer", normalizer()},
          {"pre_tokenizer", nullptr},
          {"post_processor", processor_of(data)},
          {"decoder", decoder()},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", piece_of(data, *data.unknown)},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", true},
            {"byte_fallback", true},
            {"vocab", vocabulary_of(data)},
            {"merges", merges_of(data)}}}};
}

Json config_json(const TokenizerData& data) {
  return {{"tokenizer_class", "LlamaTokenizer"},
          {"add_bos_token", true},
          {"add_eos_token", false},
          {"bos_token", piece_of(data, *data.bos)},
          {"eos_token", piece_of(data, *data.eos)},
          {"unk_token", piece_of(data, *data.unknown)},
          {"clean_up_tokenization_spaces", false}};
}

}  // namespace

void write_tokenizer_folder(const TokenizerData& data, const std::filesystem::path& folder) {
  if (data.kind != formats::TokenizerKind::sentencepiece_bpe || !data.unknown || !data.bos ||
      !data.eos) {
    throw Error(Code::bad_argument, "only a tokenizer like SentencePiece's can be written",
                "use one with <unk>, <s> and </s>");
  }
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw Error(Code::io,
                fmt::format("cannot make the folder {}: {}", folder.string(), failure.message()),
                "name a folder that can be written");
  }
  write_text(folder / "tokenizer.json", tokenizer_json(data).dump(1) + "\n");
  write_text(folder / "tokenizer_config.json", config_json(data).dump(1) + "\n");
}

}  // namespace crayon::train
