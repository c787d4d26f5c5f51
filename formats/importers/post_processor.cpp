#include "formats/importers/post_processor.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;

class Reader {
 public:
  Reader(const std::function<Token(const std::string&)>& token_of, TokenizerData& data)
      : token_of_(token_of), data_(data) {}

  // A Sequence of processors, or one. Those that only move offsets are of no concern.
  void read(const JsonObject& processor, bool outermost) {
    const std::string type = processor.required_text("type");
    if (type == "Sequence" && outermost) {
      const Json* parts = processor.array("processors");
      if (parts == nullptr) {
        processor.fail_missing("processors");
      }
      for (const Json& part : *parts) {
        read(JsonObject(part, processor.where()), false);
      }
    } else if (type == "TemplateProcessing") {
      read_template(processor);
    } else if (type == "RobertaProcessing") {
      set(processor, "cls", pair_token(processor, "cls"), data_.bos, data_.add_bos);
      set(processor, "sep", pair_token(processor, "sep"), data_.eos, data_.add_eos);
    } else if (type != "ByteLevel") {
      processor.fail_unsupported("type", type);
    }
  }

 private:
  static void set(const JsonObject& object, const char* field, Token token,
                  std::optional<Token>& slot, bool& add) {
    if (slot) {
      object.fail_unsupported(field, "one of several on this side");
    }
    slot = token;
    add = true;
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
      set(object, "SpecialToken", token_of_(special->required_text("id")),
          before_text ? data_.bos : data_.eos, before_text ? data_.add_bos : data_.add_eos);
    }
  }

  // ["<|startoftext|>", 49406]
  Token pair_token(const JsonObject& processor, const char* field) const {
    const Json* pair = processor.array(field);
    if (pair == nullptr || pair->empty() || !(*pair)[0].is_string()) {
      processor.fail_type(field, "a pair of a token and its id");
    }
    return token_of_((*pair)[0].get<std::string>());
  }

  const std::function<Token(const std::string&)>& token_of_;
  TokenizerData& data_;
};

}  // namespace

void read_post_processor(const JsonObject& processor,
                         const std::function<Token(const std::string&)>& token_of,
                         TokenizerData& tokenizer) {
  Reader(token_of, tokenizer).read(processor, true);
}

}  // namespace crayon::importers
