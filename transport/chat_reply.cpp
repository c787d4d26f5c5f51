#include <limits>

#include "base/error.h"
#include "transport/chat_api.h"
#include "transport/text_options.h"

namespace crayon::transport {
namespace {

constexpr std::uint64_t max_count = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t max_time = std::numeric_limits<std::int64_t>::max();
constexpr NumberRange any_number = {std::numeric_limits<double>::lowest(),
                                    std::numeric_limits<double>::max()};

/// What a complete reply and the last chunk of a stream say besides the answer.
void add_account(Json& json, const ChatReply& reply) {
  json["usage"] = usage_json(reply.usage);
  json["timings"] = timings_json(reply.usage, reply.prompt_ms, reply.predicted_ms);
  if (reply.routing) {
    json["x_crayon"] = {{"route", reply.routing->route},
                        {"reason", reply.routing->reason},
                        {"score", reply.routing->score},
                        {"threshold", reply.routing->threshold}};
    if (!reply.routing->signal.empty()) {
      json["x_crayon"]["signal"] = reply.routing->signal;
      json["x_crayon"]["stage"] = reply.routing->stage;
    }
    if (!reply.routing->blend.empty()) {
      json["x_crayon"]["blend"] = reply.routing->blend;
    }
  }
}

Json logprobs_json(const std::vector<TokenRecord>& tokens) {
  Json content = Json::array();
  for (const TokenRecord& record : tokens) {
    Json entry = token_json(record.token);
    Json& likeliest = entry["top_logprobs"] = Json::array();
    for (const TokenText& other : record.likeliest) {
      likeliest.push_back(token_json(other));
    }
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}};
}

Json envelope(const ChatReply& reply, const char* object) {
  return {{"id", reply.id},
          {"object", object},
          {"created", reply.created},
          {"model", reply.model},
          {"choices", Json::array()}};
}

Json parse_object(std::string_view text, const char* what) {
  Json json = parse_json(text, what);
  if (!json.is_object()) {
    throw Error(Code::protocol, std::string(what) + " is not a JSON object");
  }
  return json;
}

/// The member of that name as an object; an empty one when there is none.
const Json& object_of(const Json& parent, const char* name) {
  static const Json none = Json::object();
  const Json* member = find(parent, name);
  if (member == nullptr) {
    return none;
  }
  if (!member->is_object()) {
    throw Error(Code::protocol, std::string("\"") + name + "\" must be an object");
  }
  return *member;
}

/// The list of choices, which may be empty.
const Json& choices_of(const Json& json, const char* what) {
  const Json* choices = find(json, "choices");
  if (choices == nullptr || !choices->is_array() ||
      (!choices->empty() && !choices->front().is_object())) {
    throw Error(Code::protocol, std::string(what) + " has no \"choices\"");
  }
  return *choices;
}

/// Runs `action`; whatever is wrong with the text is the peer's fault.
template <typename Action>
auto as_protocol(const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (error.code() == Code::malformed || error.code() == Code::bad_argument) {
      throw Error(Code::protocol, std::string("the server's reply: ") + error.what(),
                  "Check that the URL is an OpenAI-compatible API.");
    }
    throw;
  }
}

std::string error_message_of(const Json& error) {
  if (error.is_string()) {
    return error.get<std::string>();
  }
  return error.is_object() ? string_or(error, "message", "no message") : "no message";
}

ChatReply parse_reply(const Json& json) {
  const Json& choices = choices_of(json, "the reply");
  if (choices.empty()) {
    throw Error(Code::protocol, "the reply has no choice");
  }
  const Json& choice = choices.front();
  if (find(choice, "message") == nullptr) {
    throw Error(Code::protocol, "the reply's choice has no \"message\"");
  }
  ChatReply reply;
  reply.id = string_or(json, "id", "");
  reply.model = string_or(json, "model", "");
  reply.created = static_cast<std::int64_t>(integer_or(json, "created", 0, max_time, 0));
  reply.content = string_or(object_of(choice, "message"), "content", "");
  reply.finish_reason = string_or(choice, "finish_reason", "");
  const Json& usage = object_of(json, "usage");
  const auto count = [&](const char* name) {
    return static_cast<std::uint32_t>(integer_or(usage, name, 0, max_count, 0));
  };
  reply.usage = {count("prompt_tokens"), count("completion_tokens")};
  const Json& timings = object_of(json, "timings");
  reply.prompt_ms = number_or(timings, "prompt_ms", any_number, 0);
  reply.predicted_ms = number_or(timings, "predicted_ms", any_number, 0);
  if (find(json, "x_crayon") != nullptr) {
    const Json& routing = object_of(json, "x_crayon");
    reply.routing = ChatRouting{string_or(routing, "route", ""), string_or(routing, "reason", ""),
                                number_or(routing, "score", any_number, 0),
                                number_or(routing, "threshold", any_number, 0)};
  }
  return reply;
}

ChatChunk parse_chunk(const Json& json) {
  if (const Json* error = find(json, "error")) {
    throw Error(Code::http_status, "the server broke off: " + error_message_of(*error));
  }
  ChatChunk chunk;
  const Json& choices = choices_of(json, "the chunk");
  if (!choices.empty()) {  // a chunk that only accounts for tokens has none
    chunk.delta = string_or(object_of(choices.front(), "delta"), "content", "");
    chunk.finish_reason = string_or(choices.front(), "finish_reason", "");
  }
  return chunk;
}

}  // namespace

std::string ChatReply::to_json() const {
  Json json = envelope(*this, "chat.completion");
  json["choices"].push_back({{"index", 0},
                             {"message", {{"role", "assistant"}, {"content", content}}},
                             {"logprobs", logprobs ? logprobs_json(*logprobs) : Json()},
                             {"finish_reason", finish_reason}});
  add_account(json, *this);
  return to_text(json);
}

ChatReply ChatReply::parse(std::string_view json) {
  return as_protocol([&] { return parse_reply(parse_object(json, "the reply")); });
}

std::string ChatReply::chunk_json(std::string_view delta, bool first,
                                  const std::vector<TokenRecord>* tokens) const {
  Json json = envelope(*this, "chat.completion.chunk");
  Json piece = Json::object();
  if (first) {
    piece["role"] = "assistant";
  }
  piece["content"] = delta;
  json["choices"].push_back({{"index", 0},
                             {"delta", piece},
                             {"logprobs", tokens != nullptr ? logprobs_json(*tokens) : Json()},
                             {"finish_reason", nullptr}});
  return to_text(json);
}

std::string ChatReply::last_chunk_json() const {
  Json json = envelope(*this, "chat.completion.chunk");
  json["choices"].push_back(
      {{"index", 0}, {"delta", Json::object()}, {"finish_reason", finish_reason}});
  add_account(json, *this);
  return to_text(json);
}

std::string ChatReply::usage_chunk_json() const {
  Json json = envelope(*this, "chat.completion.chunk");
  json["usage"] = usage_json(usage);
  return to_text(json);
}

ChatChunk ChatChunk::parse(std::string_view json) {
  return as_protocol([&] { return parse_chunk(parse_object(json, "the chunk")); });
}

std::string error_json(std::string_view message, std::string_view type, std::string_view code) {
  return to_text(Json{{"error", {{"message", message}, {"type", type}, {"code", code}}}});
}

}  // namespace crayon::transport
