#include "formats/importers/sentencepiece_model.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"
#include "formats/importers/named_check.h"
#include "formats/importers/protobuf.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

// Numbers of fields in sentencepiece_model.proto.
namespace model_field {
constexpr std::uint32_t pieces = 1, trainer = 2, normalizer = 3, denormalizer = 5;
}
namespace piece_field {
constexpr std::uint32_t piece = 1, score = 2, type = 3;
}
namespace trainer_field {
constexpr std::uint32_t model_type = 3, suffixed_spaces = 24, bos = 41, eos = 42;
}
namespace normalizer_field {
constexpr std::uint32_t charsmap = 2, dummy_prefix = 3, extra_spaces = 4, escapes_spaces = 5;
}

constexpr std::int64_t unigram_model = 1;
constexpr std::int64_t bpe_model = 2;

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  TokenizerData read() {
    // What a file leaves out is as the schema has it.
    data_.add_space_prefix = true;
    data_.prefix_scope = formats::PrefixScope::after_control;
    data_.remove_extra_whitespace = true;
    for (ProtobufReader model(bytes_, where_); !model.at_end();) {
      const ProtobufField field = model.next();
      if (field.number() == model_field::pieces) {
        read_piece(field.bytes());
      } else if (field.number() == model_field::trainer) {
        read_trainer(field.bytes());
      } else if (field.number() == model_field::normalizer) {
        read_normalizer(field.bytes());
      } else if (field.number() == model_field::denormalizer) {
        check_denormalizer(field.bytes());
      }
    }
    finish();
    return std::move(data_);
  }

 private:
  [[noreturn]] void fail_unsupported(const std::string& what) const {
    throw Error(Code::unsupported, fmt::format("{}: {}", where_, what),
                "convert the tokenizer to BPE or unigram");
  }

  void read_piece(std::string_view message) {
    std::string piece;
    float score = 0;
    std::int64_t type = 1;
    for (ProtobufReader fields(message, where_); !fields.at_end();) {
      const ProtobufField field = fields.next();
      if (field.number() == piece_field::piece) {
        piece = field.bytes();
      } else if (field.number() == piece_field::score) {
        score = field.real();
      } else if (field.number() == piece_field::type) {
        type = field.integer();
      }
    }
    const std::optional<TokenType> known = sentencepiece_type(type);
    if (!known) {
      throw Error(Code::bad_tokenizer, fmt::format("{}: token {} ({}) has the type {}", where_,
                                                   data_.pieces.size(), piece, type));
    }
    if (data_.pieces.size() == formats::max_tokens) {
      throw Error(Code::over_limit,
                  fmt::format("{} has more than {} tokens", where_, formats::max_tokens));
    }
    data_.pieces.push_back(std::move(piece));
    data_.scores.push_back(score);
    data_.types.push_back(*known);
  }

  void read_trainer(std::string_view message) {
    for (ProtobufReader fields(message, where_); !fields.at_end();) {
      const ProtobufField field = fields.next();
      if (field.number() == trainer_field::model_type) {
        model_type_ = field.integer();
      } else if (field.number() == trainer_field::suffixed_spaces && field.boolean()) {
        fail_unsupported("treat_whitespace_as_suffix is true, which is not known");
      } else if (field.number() == trainer_field::bos) {
        bos_ = field.integer();
      } else if (field.number() == trainer_field::eos) {
        eos_ = field.integer();
      }
    }
  }

  void read_normalizer(std::string_view message) {
    for (ProtobufReader fields(message, where_); !fields.at_end();) {
      const ProtobufField field = fields.next();
      if (field.number() == normalizer_field::charsmap) {
        data_.charsmap = field.bytes();
      } else if (field.number() == normalizer_field::dummy_prefix) {
        data_.add_space_prefix = field.boolean();
      } else if (field.number() == normalizer_field::extra_spaces) {
        data_.remove_extra_whitespace = field.boolean();
      } else if (field.number() == normalizer_field::escapes_spaces && !field.boolean()) {
        fail_unsupported("escape_whitespaces is false, which is not known");
      }
    }
  }

  void check_denormalizer(std::string_view message) const {
    for (ProtobufReader fields(message, where_); !fields.at_end();) {
      const ProtobufField field = fields.next();
      if (field.number() == normalizer_field::charsmap && !field.bytes().empty()) {
        fail_unsupported("its denormalizer has rules, which is not known");
      }
    }
  }

  /// An id of the trainer's: -1 is none, and a model without such a token has no control token
  /// there.
  std::optional<Token> control(std::int64_t id) const {
    const bool is_control = id >= 0 && id < static_cast<std::int64_t>(data_.types.size()) &&
                            data_.types[static_cast<std::size_t>(id)] == TokenType::control;
    return is_control ? std::optional(static_cast<Token>(id)) : std::nullopt;
  }

  void finish() {
    if (model_type_ != unigram_model && model_type_ != bpe_model) {
      fail_unsupported(
          fmt::format("model_type is {}; 1 (unigram) and 2 (BPE) are known, 3 (words) and 4 "
                      "(characters) are not",
                      model_type_));
    }
    for (std::size_t i = 0; i < data_.types.size() && !data_.unknown; ++i) {
      if (data_.types[i] == TokenType::unknown) {
        data_.unknown = static_cast<Token>(i);
      }
    }
    data_.kind =
        model_type_ == bpe_model ? TokenizerKind::sentencepiece_bpe : TokenizerKind::unigram;
    data_.bos = control(bos_);
    data_.eos = control(eos_);
    data_.add_bos = model_type_ == bpe_model && data_.bos.has_value();
    data_.add_eos = model_type_ == unigram_model && data_.eos.has_value();
    complete_end_of_generation(data_);
    check_tokenizer(data_, where_);
  }

  std::string_view bytes_;
  const std::string& where_;
  TokenizerData data_;
  std::int64_t model_type_ = unigram_model;
  std::int64_t bos_ = 1;
  std::int64_t eos_ = 2;
};

}  // namespace

bool starts_like_sentencepiece(std::string_view start) {
  // Field 1 of the model is bytes (0x0a), and so is field 1 of the piece in it.
  constexpr std::string_view key = "\x0a";
  const std::size_t size_bytes = start.size() > 2 && (start[1] & 0x80) != 0 ? 2 : 1;
  return start.starts_with(key) && start[1] != 0 &&
         start.substr(std::min(1 + size_bytes, start.size())).starts_with(key);
}

TokenizerData read_sentencepiece_model(std::string_view bytes, const std::string& where) {
  return Reader(bytes, where).read();
}

}  // namespace crayon::importers
