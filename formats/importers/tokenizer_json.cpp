#include "formats/importers/tokenizer_json.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "formats/importers/added_tokens.h"
#include "formats/importers/byte_alphabet.h"
#include "formats/importers/post_processor.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

constexpr const char* word_end = "</w>";  // of CLIP

void take_normalizer(TokenizerData& data, const TextSplit& split) {
  data.charsmap = split.charsmap;
  data.normalize_nfc = split.nfc;
  data.add_space_prefix = split.prepends_space;
  data.prefix_scope = split.prefix_scope;
  data.prefix_unless_space = split.prefix_unless_space;
  data.remove_extra_whitespace = split.collapses_spaces;
}

class Reader {
 public:
  explicit Reader(const JsonObject& json)
      : json_(json), model_(required_object(json, "model")), split_(read_text_split(json)) {}

  TokenizerData read() {
    check_model();
    take_normalizer(data_, split_);
    if (data_.kind == TokenizerKind::unigram) {
      read_unigram(model_, split_, data_);
      index_pieces();
    } else {
      read_vocabulary();
      read_merges();
    }
    read_added_tokens();
    if (data_.kind == TokenizerKind::sentencepiece_bpe) {
      finish_sentencepiece();
    } else if (data_.kind != TokenizerKind::unigram) {
      finish_byte_bpe();
    }
    if (const auto processor = json_.object("post_processor")) {
      read_post_processor(
          *processor, [this](const std::string& t) { return special_token(t); }, data_);
    }
    return std::move(data_);
  }

 private:
  static JsonObject required_object(const JsonObject& json, const char* field) {
    const auto object = json.object(field);
    if (!object) {
      json.fail_missing(field);
    }
    return *object;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::bad_tokenizer, fmt::format("{}: {}", json_.where(), what));
  }

  void check_model() {
    const std::string type = model_.text("type").value_or("BPE");
    if (type == "Unigram") {
      check_unigram();
      return;
    }
    if (type != "BPE") {
      model_.fail_unsupported("type", type);
    }
    const std::string prefix = model_.text("continuing_subword_prefix").value_or("");
    const std::string suffix = model_.text("end_of_word_suffix").value_or("");
    if (!prefix.empty()) {
      model_.fail_unsupported("continuing_subword_prefix", prefix);
    }
    if (!suffix.empty() && suffix != word_end) {
      model_.fail_unsupported("end_of_word_suffix", suffix);
    }
    if (model_.number("dropout").value_or(0.0) != 0.0) {
      model_.fail_unsupported("dropout", "not 0");
    }
    const bool falls_back = model_.boolean("byte_fallback").value_or(false);
    // What CLIP does goes together, or the pieces would not fit the text.
    const bool clip = suffix == word_end;
    if (clip && !(split_.byte_level && split_.lower_case && split_.only_words)) {
      model_.fail_unsupported("end_of_word_suffix", suffix + " without CLIP's way to split text");
    }
    if (!clip && split_.lower_case) {
      json_.fail_unsupported("normalizer", "Lowercase without CLIP's end_of_word_suffix");
    }
    if (!clip && split_.only_words) {
      json_.fail_unsupported("pre_tokenizer", "Removed without CLIP's end_of_word_suffix");
    }
    if (split_.splits_words || !split_.charsmap.empty()) {
      model_.fail_unsupported("type", "BPE with Precompiled, or with a Metaspace that splits");
    }
    if (clip) {
      data_.kind = TokenizerKind::clip_bpe;
    } else if (split_.byte_level) {
      data_.kind = TokenizerKind::byte_bpe;
    } else if (falls_back && split_.marks_spaces && split_.patterns.empty()) {
      data_.kind = TokenizerKind::sentencepiece_bpe;
    } else {
      model_.fail_unsupported(
          "type", "BPE that is neither byte-level nor with byte_fallback and marked spaces");
    }
  }

  void check_unigram() {
    if (!split_.marks_spaces || split_.byte_level || split_.lower_case ||
        !split_.patterns.empty()) {
      model_.fail_unsupported("type", "Unigram without marked spaces or with other splits");
    }
    data_.kind = TokenizerKind::unigram;
  }

  void index_pieces() {
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      ids_.emplace(data_.pieces[i], static_cast<Token>(i));
    }
  }

  void read_vocabulary() {
    const JsonObject vocabulary = required_object(model_, "vocab");
    ids_.reserve(vocabulary.json().size());
    for (const auto& [piece, value] : vocabulary.json().items()) {
      const std::uint32_t id = vocabulary.required_size(piece.c_str());
      if (id < data_.types.size() && data_.types[id] != TokenType::unused) {
        fail(fmt::format("{} and {} have the same id {}", data_.pieces[id], piece, id));
      }
      set_piece(data_, id, piece, TokenType::normal, json_.where());
      ids_.emplace(piece, static_cast<Token>(id));
    }
  }

  // Each is a text "a b" or, where pieces have spaces, a list ["a", "b"].
  void read_merges() {
    const Json* merges = model_.array("merges");
    if (merges == nullptr) {
      model_.fail_missing("merges");
    }
    merges_.reserve(merges->size());
    for (std::size_t i = 0; i < merges->size(); ++i) {
      const Json& merge = (*merges)[i];
      std::string_view left;
      std::string_view right;
      if (const auto* text = merge.get_ptr<const std::string*>()) {
        const std::size_t space = text->find(' ');
        left = std::string_view(*text).substr(0, space);
        right = space == std::string::npos ? "" : std::string_view(*text).substr(space + 1);
      } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
                 merge[1].is_string()) {
        left = merge[0].get_ref<const std::string&>();
        right = merge[1].get_ref<const std::string&>();
      }
      merges_.push_back({id_of_merged(left, i), id_of_merged(right, i)});
    }
  }

  Token id_of_merged(std::string_view piece, std::size_t merge) const {
    const auto found = ids_.find(std::string(piece));
    if (found == ids_.end()) {
      fail(fmt::format("model.merges[{}] is no pair of pieces", merge));
    }
    return found->second;
  }

  void read_added_tokens() {
    const Json* tokens = json_.array("added_tokens");
    if (tokens == nullptr) {
      return;
    }
    for (std::size_t i = 0; i < tokens->size(); ++i) {
      const JsonObject token((*tokens)[i], fmt::format("{}: added_tokens[{}]", json_.where(), i));
      const std::uint32_t id = token.required_size("id");
      add_token(data_, id, token);
      added_.emplace(data_.pieces[id], static_cast<Token>(id));
    }
  }

  void finish_byte_bpe() {
    data_.pre_tokenizers = std::move(split_.patterns);
    data_.ignore_merges = model_.boolean("ignore_merges").value_or(false);
    data_.merges = std::move(merges_);
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      if (data_.types[i] != TokenType::normal) {
        continue;
      }
      std::string_view spelled = data_.pieces[i];
      const bool ends_word = data_.kind == TokenizerKind::clip_bpe && spelled.ends_with(word_end);
      if (ends_word) {
        spelled.remove_suffix(std::string_view(word_end).size());
      }
      auto bytes = bytes_of_alphabet(spelled);
      if (!bytes) {
        fail(fmt::format("token {} ({}) is not in GPT-2's byte alphabet", i, data_.pieces[i]));
      }
      data_.pieces[i] = *bytes + (ends_word ? word_end : "");
    }
  }

  void finish_sentencepiece() {
    const std::string unknown = model_.text("unk_token").value_or("");
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      if (!unknown.empty() && data_.pieces[i] == unknown) {
        data_.types[i] = TokenType::unknown;
        data_.unknown = static_cast<Token>(i);
      } else if (data_.types[i] == TokenType::normal && byte_of_piece(data_.pieces[i])) {
        data_.types[i] = TokenType::byte;
      }
    }
    merge_scores(data_, merges_, json_.where());
  }

  Token special_token(const std::string& content) const {
    for (const auto* table : {&added_, &ids_}) {
      if (const auto found = table->find(content); found != table->end()) {
        return found->second;
      }
    }
    fail(fmt::format("post_processor names the token {}, which is not there", content));
  }

  const JsonObject& json_;
  JsonObject model_;
  TextSplit split_;
  TokenizerData data_;
  std::unordered_map<std::string, Token> ids_;    // of model.vocab, as spelled there
  std::unordered_map<std::string, Token> added_;  // of added_tokens
  std::vector<TokenizerData::Merge> merges_;
};

}  // namespace

TokenizerData read_tokenizer_json(const JsonObject& json) {
  return Reader(json).read();
}

}  // namespace crayon::importers
