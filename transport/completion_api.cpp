#include "transport/completion_api.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "transport/base64.h"
#include "transport/text_options.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_inputs = 2048;
constexpr std::size_t max_pool = 4096;

Json parse_object(std::string_view text) {
  Json json = parse_json(text, "the request");
  if (!json.is_object()) {
    throw Error(Code::malformed, "the request is not a JSON object");
  }
  return json;
}

std::vector<std::int32_t> parse_tokens(const Json& list, const std::string& where) {
  std::vector<std::int32_t> tokens;
  for (const Json& token : list) {
    if (!token.is_number_unsigned() || token.get<std::uint64_t>() > max_token_count) {
      refuse(where, "must hold token ids only, from 0");
    }
    tokens.push_back(token.get<std::int32_t>());
  }
  return tokens;
}

bool is_token_list(const Json& json) {
  return json.is_array() && !json.empty() && json.front().is_number();
}

/// A string or a list of tokens.
TextInput parse_input(const Json& json, const std::string& where) {
  if (json.is_string()) {
    return {.text = json.get<std::string>(), .tokens = {}};
  }
  if (is_token_list(json)) {
    return {.text = {}, .tokens = parse_tokens(json, where)};
  }
  refuse(where, "must be a string or a list of token ids");
}

const Json& needed(const Json& request, const char* name) {
  const Json* value = find(request, name);
  if (value == nullptr) {
    refuse(name, "is missing");
  }
  return *value;
}

/// One of them, or a list of them.
std::vector<TextInput> parse_inputs(const Json& request, const char* name) {
  const Json& value = needed(request, name);
  if (!value.is_array() || is_token_list(value)) {
    return {parse_input(value, name)};
  }
  if (value.empty() || value.size() > max_inputs) {
    refuse(name, "must be a text, or a list of 1 to " + std::to_string(max_inputs));
  }
  std::vector<TextInput> inputs;
  for (std::size_t i = 0; i < value.size(); ++i) {
    inputs.push_back(parse_input(value[i], std::string(name) + "[" + std::to_string(i) + "]"));
  }
  return inputs;
}

/// The bytes as a string of JSON can hold them.
std::string shown(const std::string& bytes) {
  return Json::parse(to_text(bytes)).get<std::string>();
}

/// A character counts where it begins.
std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char byte) { return (byte & 0xc0) != 0x80; }));
}

/// The form that this API had before chats: four lists side by side.
Json logprobs_json(const std::vector<CompletionReply::Token>& tokens, std::size_t offset) {
  Json texts = Json::array();
  Json scores = Json::array();
  Json likeliest = Json::array();
  Json offsets = Json::array();
  for (const CompletionReply::Token& token : tokens) {
    const TokenText& text = token.record.token;
    texts.push_back(text.bytes);
    scores.push_back(token.scored ? Json(text.log_probability) : Json());
    Json others = Json::object();
    for (const TokenText& other : token.record.likeliest) {
      others.emplace(shown(other.bytes), other.log_probability);  // of two alike, the likelier
    }
    likeliest.push_back(token.scored ? std::move(others) : Json());
    offsets.push_back(offset);
    offset += characters(text.bytes);
  }
  return {{"tokens", texts},
          {"token_logprobs", scores},
          {"top_logprobs", likeliest},
          {"text_offset", offsets}};
}

Json envelope(const CompletionReply& reply) {
  return {{"id", reply.id},
          {"object", "text_completion"},
          {"created", reply.created},
          {"model", reply.model},
          {"choices", Json::array()}};
}

Json choice(std::string_view text, Json logprobs, Json finish_reason) {
  return {{"index", 0},
          {"text", text},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", std::move(finish_reason)}};
}

void add_account(Json& json, const CompletionReply& reply) {
  json["usage"] = usage_json(reply.usage);
  json["timings"] = timings_json(reply.usage, reply.prompt_ms, reply.predicted_ms);
}

std::string base64_of(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>(bits >> shift & 0xff);
    }
  }
  return to_base64(bytes);
}

}  // namespace

CompletionRequest CompletionRequest::parse(std::string_view json) {
  const Json request = parse_object(json);
  CompletionRequest parsed;
  parsed.echo = bool_or(request, "echo", false);
  parse_text_options(request, parsed, parsed.echo ? 0 : 1);
  if (const Json* const extension = find(request, "x_crayon");
      extension != nullptr && extension->is_object() && find(*extension, "emphasis") != nullptr) {
    refuse("x_crayon.emphasis", "is for chats alone");
  }
  std::vector<TextInput> prompts = parse_inputs(request, "prompt");
  if (prompts.size() != 1) {
    refuse("prompt", "must be one prompt a request");
  }
  parsed.prompt = std::move(prompts.front());
  if (find(request, "logprobs") != nullptr) {
    parsed.logprobs =
        static_cast<std::uint32_t>(integer_or(request, "logprobs", 0, max_likeliest, 0));
  }
  integer_or(request, "best_of", 1, 1, 1);
  if (!string_or(request, "suffix", "").empty()) {
    refuse("suffix", "must be empty: there is no filling in");
  }
  if (parsed.echo && parsed.stream) {
    refuse("echo", "must be false in a stream");
  }
  return parsed;
}

std::string CompletionReply::to_json() const {
  Json json = envelope(*this);
  json["choices"].push_back(
      choice(text, logprobs ? logprobs_json(*logprobs, 0) : Json(), finish_reason));
  add_account(json, *this);
  return to_text(json);
}

std::string CompletionReply::chunk_json(std::string_view piece, const std::vector<Token>* tokens,
                                        std::string_view before) const {
  Json json = envelope(*this);
  json["choices"].push_back(choice(
      piece, tokens != nullptr ? logprobs_json(*tokens, characters(before)) : Json(), nullptr));
  return to_text(json);
}

std::string CompletionReply::last_chunk_json() const {
  Json json = envelope(*this);
  json["choices"].push_back(choice("", nullptr, finish_reason));
  add_account(json, *this);
  return to_text(json);
}

std::string CompletionReply::usage_chunk_json() const {
  Json json = envelope(*this);
  json["usage"] = usage_json(usage);
  return to_text(json);
}

EmbeddingRequest EmbeddingRequest::parse(std::string_view json) {
  const Json request = parse_object(json);
  EmbeddingRequest parsed;
  parsed.model = string_or(request, "model", "");
  parsed.inputs = parse_inputs(request, "input");
  const std::string format = string_or(request, "encoding_format", "float");
  if (format != "float" && format != "base64") {
    refuse("encoding_format", "must be float or base64");
  }
  parsed.base64 = format == "base64";
  return parsed;
}

std::string embeddings_json(std::string_view model,
                            const std::vector<std::vector<float>>& embeddings, bool base64,
                            std::uint32_t prompt_tokens) {
  Json data = Json::array();
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    Json embedding = base64 ? Json(base64_of(embeddings[i])) : Json(embeddings[i]);
    data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", std::move(embedding)}});
  }
  return to_text({{"object", "list"},
                  {"data", std::move(data)},
                  {"model", model},
                  {"usage", {{"prompt_tokens", prompt_tokens}, {"total_tokens", prompt_tokens}}}});
}

TokenizeRequest TokenizeRequest::parse(std::string_view json) {
  const Json request = parse_object(json);
  needed(request, "content");
  return {.content = string_or(request, "content", ""),
          .add_special = bool_or(request, "add_special", false),
          .parse_special = bool_or(request, "parse_special", false),
          .with_pieces = bool_or(request, "with_pieces", false)};
}

std::vector<std::int32_t> parse_detokenize(std::string_view json) {
  const Json request = parse_object(json);
  const Json& tokens = needed(request, "tokens");
  if (!tokens.is_array()) {
    refuse("tokens", "must be a list of token ids");
  }
  return parse_tokens(tokens, "tokens");
}

std::vector<float> parse_blend_weights(std::string_view json) {
  const Json request = parse_object(json);
  const Json& list = needed(request, "weights");
  if (!list.is_array() || list.empty() || list.size() > max_pool) {
    refuse("weights", "must be a list of numbers, one for each adapter of the pool");
  }
  std::vector<float> weights;
  for (const Json& each : list) {
    const double weight = each.is_number() ? each.get<double>() : 1e9;
    if (!(std::abs(weight) <= 100)) {
      refuse("weights", "must hold numbers from -100 to 100 only");
    }
    weights.push_back(static_cast<float>(weight));
  }
  return weights;
}

}  // namespace crayon::transport
