#include <fmt/format.h>

#include <limits>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "formats/importers/byte_alphabet.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/named_check.h"
#include "formats/importers/pre_tokenizers.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

// Builds a TokenizerData out of the "tokenizer.ggml." keys.
class TokenizerReader {
 public:
  explicit TokenizerReader(const GgufFile& file) : file_(file) {}

  TokenizerData read() {
    const std::string* model = file_.text("tokenizer.ggml.model");
    if (model == nullptr) {
      file_.fail_missing("tokenizer.ggml.model");
    }
    read_pieces();
    if (*model == "llama") {
      read_sentencepiece();
    } else if (*model == "t5") {
      read_unigram();
    } else if (*model == "gpt2") {
      read_byte_bpe();
    } else {
      throw Error(Code::unsupported,
                  fmt::format("{}: tokenizer.ggml.model is {}; llama, gpt2 and t5 are known",
                              file_.path().string(), *model));
    }
    read_special_tokens();
    check_tokenizer(data_, file_.path().string());
    return std::move(data_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::bad_tokenizer, fmt::format("{}: {}", file_.path().string(), what));
  }

  const GgufArray& list(std::string_view key) const {
    const GgufArray* found = file_.array(key);
    if (found == nullptr) {
      file_.fail_missing(key);
    }
    return *found;
  }

  void check_count(std::string_view key, std::size_t count) const {
    if (count != data_.pieces.size()) {
      fail(fmt::format("{} has {} entries for {} tokens", key, count, data_.pieces.size()));
    }
  }

  void read_pieces() {
    data_.pieces = list("tokenizer.ggml.tokens").strings;
    data_.types.assign(data_.pieces.size(), TokenType::normal);
    if (const GgufArray* types = file_.array("tokenizer.ggml.token_type")) {
      check_count("tokenizer.ggml.token_type", types->integers.size());
      for (std::size_t i = 0; i < types->integers.size(); ++i) {
        data_.types[i] = type_of(types->integers[i], i);
      }
    }
  }

  TokenType type_of(std::int64_t number, std::size_t token) const {
    const auto type = sentencepiece_type(number);
    if (!type) {
      fail(fmt::format("tokenizer.ggml.token_type of token {} is {}", token, number));
    }
    return *type;
  }

  void read_sentencepiece() {
    data_.kind = TokenizerKind::sentencepiece_bpe;
    data_.scores = list("tokenizer.ggml.scores").floats;
    check_count("tokenizer.ggml.scores", data_.scores.size());
    data_.add_bos = flag("tokenizer.ggml.add_bos_token", true);
    data_.add_space_prefix = flag("tokenizer.ggml.add_space_prefix", true);
    data_.remove_extra_whitespace = flag("tokenizer.ggml.remove_extra_whitespaces", false);
  }

  void read_unigram() {
    read_sentencepiece();
    data_.kind = TokenizerKind::unigram;
    data_.prefix_scope = formats::PrefixScope::after_control;
    data_.add_bos = flag("tokenizer.ggml.add_bos_token", false);
    data_.add_space_prefix = flag("tokenizer.ggml.add_space_prefix", false);
    if (const GgufArray* map = file_.array("tokenizer.ggml.precompiled_charsmap")) {
      data_.charsmap.assign(map->integers.begin(), map->integers.end());
    }
  }

  void read_byte_bpe() {
    data_.kind = TokenizerKind::byte_bpe;
    const std::string* name = file_.text("tokenizer.ggml.pre");
    const PreTokenizer& pre =
        find_pre_tokenizer(name != nullptr ? *name : "default", file_.path().string());
    data_.pre_tokenizers = pre.patterns;
    data_.ignore_merges = pre.ignore_merges;
    data_.add_bos = flag("tokenizer.ggml.add_bos_token", pre.add_bos);
    read_merges();  // by the pieces' spelling in the file
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      if (data_.types[i] == TokenType::normal) {
        undo_alphabet(i);
      }
    }
  }

  void undo_alphabet(std::size_t token) {
    auto bytes = bytes_of_alphabet(data_.pieces[token]);
    if (!bytes) {
      fail(
          fmt::format("token {} ({}) is not in GPT-2's byte alphabet", token, data_.pieces[token]));
    }
    data_.pieces[token] = std::move(*bytes);
  }

  void read_merges() {
    std::unordered_map<std::string_view, Token> tokens;
    tokens.reserve(data_.pieces.size());
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      tokens.emplace(data_.pieces[i], static_cast<Token>(i));
    }
    const std::vector<std::string>& lines = list("tokenizer.ggml.merges").strings;
    data_.merges.reserve(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string_view line = lines[i];
      const std::size_t space = line.find(' ', 1);  // the alphabet has no space
      const auto left = tokens.find(line.substr(0, space));
      const auto right =
          space == std::string_view::npos ? tokens.end() : tokens.find(line.substr(space + 1));
      if (left == tokens.end() || right == tokens.end()) {
        fail(fmt::format("tokenizer.ggml.merges {} ({}) is not a pair of tokens", i, line));
      }
      data_.merges.push_back({left->second, right->second});
    }
  }

  bool flag(std::string_view key, bool otherwise) const {
    return file_.boolean(key).value_or(otherwise);
  }

  std::optional<Token> token(std::string_view key) const {
    const auto value = file_.integer(key);
    // Some converters write "none" as -1, in 32 bits without a sign.
    constexpr std::int64_t none = std::numeric_limits<std::uint32_t>::max();
    if (!value || *value == -1 || *value == none) {
      return std::nullopt;
    }
    if (*value < 0 || *value >= static_cast<std::int64_t>(data_.pieces.size())) {
      fail(fmt::format("{} is {}, but there are {} tokens", key, *value, data_.pieces.size()));
    }
    return static_cast<Token>(*value);
  }

  void read_special_tokens() {
    const bool unigram = data_.kind == TokenizerKind::unigram;  // of T5, which ends texts
    data_.add_eos = flag("tokenizer.ggml.add_eos_token", unigram);
    data_.bos = token("tokenizer.ggml.bos_token_id");
    data_.eos = token("tokenizer.ggml.eos_token_id");
    data_.unknown = token("tokenizer.ggml.unknown_token_id");
    data_.add_bos = data_.add_bos && data_.bos.has_value();
    data_.add_eos = data_.add_eos && data_.eos.has_value();
    for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
      if (const auto end = token(key)) {
        data_.end_of_generation.push_back(*end);
      }
    }
    complete_end_of_generation(data_);
    if (const std::string* text = file_.text("tokenizer.chat_template")) {
      set_chat_template(data_, *text);
    }
  }

  const GgufFile& file_;
  TokenizerData data_;
};

}  // namespace

TokenizerData read_gguf_tokenizer(const GgufFile& file) {
  return TokenizerReader(file).read();
}

}  // namespace crayon::importers
