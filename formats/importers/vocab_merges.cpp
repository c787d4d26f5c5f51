#include "formats/importers/vocab_merges.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/added_tokens.h"
#include "formats/importers/byte_alphabet.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/json_object.h"
#include "formats/importers/named_check.h"
#include "formats/importers/pre_tokenizers.h"
#include "formats/importers/special_tokens.h"
#include "formats/importers/tokenizer_json.h"

// Both kinds of file hold less than a tokenizer.json. What they leave to the program that reads
// them is added here, so that one reader does the rest.

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;
using std::filesystem::path;

constexpr std::uint64_t largest_vocabulary_file = 64 << 20;
constexpr std::uint64_t largest_merges_file = 64 << 20;
constexpr std::uint64_t largest_config = 16 << 20;

constexpr const char* word_end = "</w>";
constexpr const char* clip_start = "<|startoftext|>";
constexpr const char* text_end = "<|endoftext|>";

/// What a class of tokenizers adds to its two files.
struct Family {
  std::vector<std::string_view> classes;  ///< in tokenizer_config.json
  Json parts;                             ///< fields of a tokenizer.json
};

Json special(const char* content) {
  return {{"content", content}, {"special", true}};
}

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {{"GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast"},
       {{"pre_tokenizer", {{"type", "ByteLevel"}}},
        {"added_tokens", Json::array({special(text_end)})}}},
      {{"Qwen2Tokenizer", "Qwen2TokenizerFast"},
       {{"normalizer", {{"type", "NFC"}}},
        {"pre_tokenizer",
         {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Split"}, {"pattern", {{"Regex", qwen2_pattern}}}, {"behavior", "Isolated"}},
            {{"type", "ByteLevel"}, {"use_regex", false}}}}}},
        {"added_tokens", Json::array({special(text_end)})}}},
      {{"CLIPTokenizer", "CLIPTokenizerFast"},
       {{"normalizer",
         {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Lowercase"}}}}}},
        {"pre_tokenizer",
         {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Split"},
             {"pattern", {{"Regex", clip_pattern}}},
             {"behavior", "Removed"},
             {"invert", true}},
            {{"type", "ByteLevel"}, {"use_regex", false}}}}}},
        {"post_processor",
         {{"type", "RobertaProcessing"}, {"cls", {clip_start, 0}}, {"sep", {text_end, 0}}}},
        {"added_tokens", Json::array({special(clip_start), special(text_end)})}}},
  };
  return all;
}

const Family& find_family(const std::string& name, const std::string& where) {
  std::string known;
  for (const Family& family : families()) {
    if (std::ranges::find(family.classes, name) != family.classes.end()) {
      return family;
    }
    for (const std::string_view other : family.classes) {
      known += known.empty() ? "" : ", ";
      known += other;
    }
  }
  throw Error(Code::unsupported,
              fmt::format("{}: tokenizer_class is {}; {} are known", where, name, known),
              "pass the model's tokenizer.json");
}

std::string class_without_config(const Json& vocabulary) {
  for (const auto& [piece, id] : vocabulary.items()) {
    if (piece.size() > std::string_view(word_end).size() && piece.ends_with(word_end)) {
      return "CLIPTokenizer";
    }
  }
  return "GPT2Tokenizer";
}

/// The lines of a text that are merges, at most `most` of them.
Json merges_of(std::string_view text, std::size_t most) {
  Json merges = Json::array();
  while (!text.empty() && merges.size() < most) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (!line.empty() && !line.starts_with("#version")) {
      merges.push_back(line);
    }
  }
  return merges;
}

/// Special tokens of a family have the ids that the vocabulary gives them, if any.
Json added_tokens_of(const Family& family, const Json& vocabulary) {
  Json added = Json::array();
  for (Json token : family.parts.at("added_tokens")) {
    const auto found = vocabulary.find(token.at("content").get<std::string>());
    if (found != vocabulary.end()) {
      token["id"] = *found;
      added.push_back(std::move(token));
    }
  }
  return added;
}

TokenizerData read_family(const Family& family, Json vocabulary, Json merges,
                          const std::string& where) {
  Json json = family.parts;
  json["added_tokens"] = added_tokens_of(family, vocabulary);
  json["model"] = {
      {"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", std::move(merges)}};
  if (json.contains("post_processor")) {  // CLIP's
    json["model"]["end_of_word_suffix"] = word_end;
  }
  return read_tokenizer_json(JsonObject(json, where));
}

}  // namespace

TokenizerData read_vocab_and_merges(const path& folder) {
  Json vocabulary = read_json(folder / "vocab.json", largest_vocabulary_file);
  const std::string where = (folder / "vocab.json").string();
  JsonObject(vocabulary, where);  // throws unless it is an object
  Json merges =
      merges_of(read_text(folder / "merges.txt", largest_merges_file), formats::max_merges + 1);
  const path config_file = folder / "tokenizer_config.json";
  const Json config = std::filesystem::exists(config_file) ? read_json(config_file, largest_config)
                                                           : Json::object();
  const JsonObject named(config, config_file.string());
  const std::string name = named.text("tokenizer_class").value_or(class_without_config(vocabulary));
  TokenizerData data = read_family(find_family(name, named.where()), std::move(vocabulary),
                                   std::move(merges), where);
  add_decoder_tokens(data, named);
  if (!data.eos) {
    for (std::size_t i = 0; i < data.pieces.size(); ++i) {
      if (data.types[i] == TokenType::control && data.pieces[i] == text_end) {
        data.eos = static_cast<Token>(i);
      }
    }
  }
  read_side_files(data, folder);
  check_tokenizer(data, where);
  return data;
}

bool starts_like_clip(std::string_view start) {
  return start.starts_with("\"bpe_simple_vocab");
}

TokenizerData read_clip_merges(std::string_view text, const std::string& where) {
  constexpr std::size_t merge_count = 49408 - 2 * 256 - 2;
  text.remove_prefix(std::min(text.find('\n'), text.size()));  // the heading
  Json merges = merges_of(text, merge_count);
  if (merges.size() < merge_count) {
    throw Error(Code::truncated,
                fmt::format("{} has {} of {} merges", where, merges.size(), merge_count),
                "copy or download the file again");
  }
  Json vocabulary = Json::object();
  const auto add = [&](std::string piece) {
    const std::size_t id = vocabulary.size();
    vocabulary.emplace(std::move(piece), id);
  };
  for (const char* const end : {"", word_end}) {
    for (const std::string& character : byte_alphabet()) {
      add(character + end);
    }
  }
  for (const Json& merge : merges) {
    std::string piece = merge.get<std::string>();
    std::erase(piece, ' ');
    add(std::move(piece));
  }
  add(clip_start);
  add(text_end);
  TokenizerData data = read_family(find_family("CLIPTokenizer", where), std::move(vocabulary),
                                   std::move(merges), where);
  complete_end_of_generation(data);
  check_tokenizer(data, where);
  return data;
}

}  // namespace crayon::importers
