#include "runtime/tokenizer/tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "runtime/tokenizer/encoder.h"
#include "runtime/tokenizer/partition.h"
#include "runtime/tokenizer/printed.h"

namespace crayon::tokenizer {
namespace {

using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;

// Normal form C and escaping lengthen a text up to nine times, and offsets have 32 bits.
constexpr std::size_t max_text_bytes = std::size_t{1} << 28;

std::unique_ptr<const Encoder> make_encoder(const TokenizerData& data) {
  switch (data.kind) {
    case TokenizerKind::sentencepiece_bpe:
      return make_sentencepiece_bpe(data);
    case TokenizerKind::unigram:
      return make_unigram(data);
    case TokenizerKind::byte_bpe:
    case TokenizerKind::clip_bpe:
      break;
  }
  return make_byte_bpe(data);
}

TokenizerData checked(TokenizerData data) {
  formats::check(data);
  return data;
}

}  // namespace

struct Tokenizer::Impl {
  explicit Impl(TokenizerData unchecked)
      : data(checked(std::move(unchecked))), partition(data), encoder(make_encoder(data)) {
    ends.push_back(0);
    for (std::size_t token = 0; token < data.pieces.size(); ++token) {
      text += printed(data, static_cast<Token>(token));
      ends.push_back(text.size());
    }
  }

  bool contains(Token token) const {
    return token >= 0 && static_cast<std::size_t>(token) < data.pieces.size();
  }

  const TokenizerData data;
  const Partition partition;
  const std::unique_ptr<const Encoder> encoder;
  std::string text;               // what all tokens print, one after the other
  std::vector<std::size_t> ends;  // [token + 1]: where in `text` a token's bytes end
};

Tokenizer::Tokenizer(TokenizerData data) : impl_(std::make_unique<Impl>(std::move(data))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

const TokenizerData& Tokenizer::data() const {
  return impl_->data;
}

std::vector<Token> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<Token> tokens;
  encode(text, options, tokens, nullptr);
  return tokens;
}

Encoding Tokenizer::encode_with_begins(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  encode(text, options, encoding.tokens, &encoding.begins);
  return encoding;
}

void Tokenizer::encode(std::string_view text, const EncodeOptions& options,
                       std::vector<Token>& tokens, std::vector<std::size_t>* begins) const {
  if (text.size() > max_text_bytes) {
    throw Error(Code::over_limit,
                "the text of " + std::to_string(text.size()) + " bytes is too long to encode",
                "encode it in parts of at most " + std::to_string(max_text_bytes) + " bytes");
  }
  const TokenizerData& data = impl_->data;
  TokenList list{tokens, begins};
  if (options.add_bos && data.add_bos && data.bos) {
    list.add(*data.bos, 0);
  }
  const ControlScope scope{options.parse_special, options.literal};
  for (const Part& part :
       impl_->partition.split(text, scope, !options.continues, begins != nullptr)) {
    const std::size_t first = tokens.size();
    if (part.token != no_token) {
      list.add(part.token, 0);
    } else {
      impl_->encoder->encode(part.text, list);
    }
    for (std::size_t i = first; begins != nullptr && i < begins->size(); ++i) {
      (*begins)[i] = part.origins[(*begins)[i]];
    }
  }
  if (options.add_eos && data.add_eos && data.eos) {
    list.add(*data.eos, text.size());
  }
}

std::string_view Tokenizer::bytes(Token token) const {
  if (!impl_->contains(token)) {
    return {};
  }
  const auto index = static_cast<std::size_t>(token);
  const std::size_t begin = impl_->ends[index];
  return std::string_view(impl_->text).substr(begin, impl_->ends[index + 1] - begin);
}

std::string_view Tokenizer::first_bytes(Token token) const {
  std::string_view text = bytes(token);
  // encode() puts no space in front of a special token.
  if (impl_->data.add_space_prefix && text.starts_with(' ') &&
      impl_->data.types[static_cast<std::size_t>(token)] != TokenType::user_defined) {
    text.remove_prefix(1);
  }
  return text;
}

std::string Tokenizer::decode(const std::vector<Token>& tokens, bool start) const {
  std::string text;
  for (const Token token : tokens) {
    text += start ? first_bytes(token) : bytes(token);
    start = start && bytes(token).empty();
  }
  return text;
}

bool Tokenizer::ends_generation(Token token) const {
  const auto& ends = impl_->data.end_of_generation;
  return std::find(ends.begin(), ends.end(), token) != ends.end();
}

}  // namespace crayon::tokenizer
