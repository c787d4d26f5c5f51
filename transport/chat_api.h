#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::transport {

// The wire types of the OpenAI chat API, as far as Crayon speaks it. JSON text in and out;
// nlohmann::json stays inside.

struct ChatMessage {
  std::string role;
  std::string content;
};

/// An adapter that a request wants, in the form that llama-server knows: `lora: [{id, scale}]`.
struct LoraChoice {
  std::string id;  ///< a name, or a number in the order of the server's adapters
  double scale = 1;
};

/// Words of a prompt that weigh more or less in the model's attention (Kim et al. 2024, SToRI).
struct StressedText {
  std::string text;
  double weight = 1;
};

/// What requests for text have in common.
struct TextOptions {
  std::string model;
  bool stream = false;
  bool include_usage = false;  ///< stream_options: a last chunk with the usage alone
  std::uint32_t max_tokens = 256;
  double temperature = 0;
  double top_p = 1;
  std::uint32_t top_k = 0;
  double min_p = 0;
  double repetition_penalty = 1;
  std::uint64_t seed = 0;
  std::vector<std::string> stop;
  std::optional<std::vector<LoraChoice>> lora;  ///< absent: the server's own choice
};

/// One token of an answer, as bytes: it may be a part of a character.
struct TokenText {
  std::string bytes;
  double log_probability = 0;
};

/// A token and what else could have stood in its place.
struct TokenRecord {
  TokenText token;
  std::vector<TokenText> likeliest;
};

/// POST /v1/chat/completions
struct ChatRequest : TextOptions {
  std::vector<ChatMessage> messages;
  bool logprobs = false;
  std::uint32_t top_logprobs = 0;           ///< likeliest tokens with each
  bool json_object = false;                 ///< response_format: the answer is a JSON object
  std::vector<StressedText> emphasis = {};  ///< x_crayon.emphasis; not sent to others
  std::uint32_t emphasis_first_layer = 0;   ///< x_crayon.emphasis_first_layer

  /// Throws malformed or bad_argument, naming the field, for JSON that is not such a request or
  /// a number out of range. Nesting deeper than 32 is malformed. Unknown fields are ignored.
  static ChatRequest parse(std::string_view json);
  std::string to_json() const;
};

struct ChatUsage {
  std::uint32_t prompt_tokens = 0;
  std::uint32_t completion_tokens = 0;
  std::uint32_t cached_tokens = 0;  ///< of the prompt, that were known from an earlier request
};

/// How Crayon came to the answer: the object `x_crayon`.
struct ChatRouting {
  std::string route;  ///< "local" or "remote"
  std::string reason;
  double score = 0;
  double threshold = 0;
  std::string signal = {};         ///< which signal decided; empty: none did, not sent
  std::string stage = {};          ///< when
  std::vector<double> blend = {};  ///< weights of a pool's adapters; empty: not sent
};

/// A complete reply, or (stream) the last chunk.
struct ChatReply {
  std::string id;
  std::string model;
  std::int64_t created = 0;  ///< Unix seconds
  std::string content;
  std::string finish_reason;                              ///< "stop" or "length"
  std::optional<std::vector<TokenRecord>> logprobs = {};  ///< absent: not asked for, or not known
  ChatUsage usage;
  std::optional<ChatRouting> routing;
  double prompt_ms = 0;     ///< timings.prompt_ms
  double predicted_ms = 0;  ///< timings.predicted_ms

  std::string to_json() const;
  /// Throws protocol when it is not a chat reply.
  static ChatReply parse(std::string_view json);
  /// The chunk that carries `delta`; the first one carries the role as well. `logprobs` may be
  /// null.
  std::string chunk_json(std::string_view delta, bool first,
                         const std::vector<TokenRecord>* logprobs = nullptr) const;
  /// The chunk that ends a stream: finish_reason, usage, routing and timings.
  std::string last_chunk_json() const;
  /// What stream_options.include_usage asks for behind it: no choice, and the usage.
  std::string usage_chunk_json() const;
};

/// One streamed chunk, as a client reads it.
struct ChatChunk {
  std::string delta;
  std::string finish_reason;  ///< empty before the last
  /// Throws protocol when it is not one; an object with "error" throws http_status with its
  /// message.
  static ChatChunk parse(std::string_view json);
};

/// {"error":{"message","type","code"}}
std::string error_json(std::string_view message, std::string_view type, std::string_view code);

}  // namespace crayon::transport
