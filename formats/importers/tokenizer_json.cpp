#include "formats/importers/tokenizer_json.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "formats/importers/byte_alphabet.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

constexpr std::uint32_t largest_vocabulary = 1 << 20;

class Reader {
 public:
  explicit Reader(const JsonObject& json)
      : json_(json), model_(required_object(json, "model")), split_(read_text_split(json)) {}

  TokenizerData read() {
    check_model();
    read_vocabulary();
    read_merges();
    read_added_tokens();
    if (data_.kind == TokenizerKind::byte_bpe) {
      finish_byte_bpe();
    } else {
      finish_sentencepiece();
    }
    if (const auto processor = json_.object("post_processor")) {
      read_processor(*processor, true);
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
    if (type != "BPE") {
      model_.fail_unsupported("type", type);
    }
    for (const char* field : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const std::string value = model_.text(field).value_or("");
      if (!value.empty()) {
        model_.fail_unsupported(field, value);
      }
    }
    if (model_.number("dropout").value_or(0.0) != 0.0) {
      model_.fail_unsupported("dropout", "not 0");
    }
    const bool falls_back = model_.boolean("byte_fallback").value_or(false);
    if (split_.byte_level) {
      data_.kind = TokenizerKind::byte_bpe;
    } else if (falls_back && split_.marks_spaces && split_.patterns.empty()) {
      data_.kind = TokenizerKind::sentencepiece_bpe;
    } else {
      model_.fail_unsupported(
          "type", "BPE that is neither byte-level nor with byte_fallback and marked spaces");
    }
  }

  void set_piece(std::uint32_t id, std::string piece, TokenType type) {
    if (id >= largest_vocabulary) {
      fail(fmt::format("{} has the id {}", piece, id));
    }
    if (id >= data_.pieces.size()) {
      // Ids that no token has stay unused.
      data_.pieces.resize(id + 1);
      data_.types.resize(id + 1, TokenType::unused);
    }
    data_.pieces[id] = std::move(piece);
    data_.types[id] = type;
  }

  void read_vocabulary() {
    const JsonObject vocabulary = required_object(model_, "vocab");
    ids_.reserve(vocabulary.json().size());
    for (const auto& [piece, value] : vocabulary.json().items()) {
      const std::uint32_t id = vocabulary.required_size(piece.c_str());
      if (id < data_.types.size() && data_.types[id] != TokenType::unused) {
        fail(fmt::format("{} and {} have the same id {}", data_.pieces[id], piece, id));
      }
      set_piece(id, piece, TokenType::normal);
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
      const bool special = token.boolean("special").value_or(false);
      const std::uint32_t id = token.required_size("id");
      std::string content = token.required_text("content");
      added_.emplace(content, static_cast<Token>(id));
      set_piece(id, std::move(content), special ? TokenType::control : TokenType::user_defined);
    }
  }

  void finish_byte_bpe() {
    data_.pre_tokenizers = std::move(split_.patterns);
    data_.normalize_nfc = split_.nfc;
    data_.ignore_merges = model_.boolean("ignore_merges").value_or(false);
    data_.merges = std::move(merges_);
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      if (data_.types[i] != TokenType::normal) {
        continue;
      }
      auto bytes = bytes_of_alphabet(data_.pieces[i]);
      if (!bytes) {
        fail(fmt::format("token {} ({}) is not in GPT-2's byte alphabet", i, data_.pieces[i]));
      }
      data_.pieces[i] = std::move(*bytes);
    }
  }

  void finish_sentencepiece() {
    data_.add_space_prefix = split_.prepends_space;
    data_.normalize_nfc = split_.nfc;
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

  // A Sequence of processors, or one. Those that only move offsets are of no concern.
  void read_processor(const JsonObject& processor, bool outermost) {
    const std::string type = processor.required_text("type");
    if (type == "Sequence" && outermost) {
      const Json* parts = processor.array("processors");
      if (parts == nullptr) {
        processor.fail_missing("processors");
      }
      for (const Json& part : *parts) {
        read_processor(JsonObject(part, processor.where()), false);
      }
    } else if (type == "TemplateProcessing") {
      read_template(processor);
    } else if (type != "ByteLevel") {
      processor.fail_unsupported("type", type);
    }
  }

  // "single" lists special tokens and the text "A", in the order of the result.
  void read_template(const JsonObject& processor) {
    const Json* parts = processor.array("single");
    if (parts == nullptr) {
      processor.fail_missing("single");
    }
    bool before_text = true;
    for (const Json& part : *parts) {
      const JsonObject object(part, processor.where() + ": single");
      const auto special = object.object("SpecialToken");
      if (!special) {
        before_text = false;
        continue;
      }
      const Token token = special_token(special->required_text("id"));
      auto& slot = before_text ? data_.bos : data_.eos;
      if (slot) {
        object.fail_unsupported("SpecialToken", "one of several on this side");
      }
      slot = token;
      (before_text ? data_.add_bos : data_.add_eos) = true;
    }
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
