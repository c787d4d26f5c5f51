#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/chat_api.h"

namespace crayon::transport {

// The wire types of the OpenAI API that are about text as it stands, without turns.

/// A text, or the tokens that it is made of.
struct TextInput {
  std::string text;
  std::vector<std::int32_t> tokens;  ///< in the place of `text`, unless empty
};

/// POST /v1/completions
struct CompletionRequest : TextOptions {
  TextInput prompt;
  bool echo = false;  ///< the reply begins with the prompt
  std::optional<std::uint32_t>
      logprobs;  ///< likeliest tokens with each; absent: no log-probability

  CompletionRequest() { max_tokens = 16; }
  /// As ChatRequest::parse(); max_tokens may be 0 with echo.
  static CompletionRequest parse(std::string_view json);
};

struct CompletionReply {
  /// A token of the text. The first of an echoed prompt has nothing in front, so no probability.
  struct Token {
    TokenRecord record;
    bool scored = true;
  };

  std::string id;
  std::string model;
  std::int64_t created = 0;
  std::string text;
  std::string finish_reason;
  std::optional<std::vector<Token>> logprobs;
  ChatUsage usage;
  double prompt_ms = 0;
  double predicted_ms = 0;

  std::string to_json() const;
  /// A chunk of a stream. `before`: the text of the chunks before it.
  std::string chunk_json(std::string_view piece, const std::vector<Token>* tokens,
                         std::string_view before) const;
  std::string last_chunk_json() const;
  std::string usage_chunk_json() const;
};

/// POST /v1/embeddings
struct EmbeddingRequest {
  std::string model;
  std::vector<TextInput> inputs;  ///< 1 to 2048
  bool base64 = false;  ///< little-endian f32 in base64, in the place of a list of numbers

  static EmbeddingRequest parse(std::string_view json);
};

/// embeddings [inputs][dim].
std::string embeddings_json(std::string_view model,
                            const std::vector<std::vector<float>>& embeddings, bool base64,
                            std::uint32_t prompt_tokens);

/// POST /tokenize, /detokenize
struct TokenizeRequest {
  std::string content;
  bool add_special = false;    ///< the tokens that the tokenizer puts in front of a text
  bool parse_special = false;  ///< control tokens that are spelled become those tokens
  bool with_pieces = false;

  static TokenizeRequest parse(std::string_view json);
};
std::vector<std::int32_t> parse_detokenize(std::string_view json);

/// POST /v1/adapters/blend {"weights": [...]}: [adapters], finite.
std::vector<float> parse_blend_weights(std::string_view json);

}  // namespace crayon::transport
