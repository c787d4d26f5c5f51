#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "transport/chat_api.h"
#include "transport/json.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_messages = 4096;
constexpr std::size_t max_stops = 16;
constexpr std::size_t max_stop_bytes = 1024;
constexpr std::uint64_t max_token_count = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t max_top_k = 1'000'000;

// A role goes into the model's chat template: no text of the client's own may stand there.
constexpr std::array<std::string_view, 6> roles = {"system",    "developer", "user",
                                                   "assistant", "tool",      "function"};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw Error(Code::bad_argument, "\"" + where + "\" " + why);
}

/// A string, or a list of {"type":"text","text":...} parts, which are joined.
std::string parse_content(const Json& message, const std::string& where) {
  const Json* content = find(message, "content");
  if (content == nullptr) {
    return {};  // an assistant's message that only calls tools has none
  }
  if (content->is_string()) {
    return content->get<std::string>();
  }
  if (!content->is_array()) {
    refuse(where, "must be a string or a list of parts");
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const Json& part = (*content)[i];
    const std::string here = where + "[" + std::to_string(i) + "]";
    if (!part.is_object()) {
      refuse(here, "must be an object");
    }
    const Json* type = find(part, "type");
    const Json* piece = find(part, "text");
    if (type == nullptr || *type != "text" || piece == nullptr || !piece->is_string()) {
      refuse(here, "must be {\"type\":\"text\",\"text\":...}: Crayon reads text only");
    }
    text += piece->get_ref<const std::string&>();
  }
  return text;
}

ChatMessage parse_message(const Json& message, const std::string& where) {
  if (!message.is_object()) {
    refuse(where, "must be an object");
  }
  const Json* role = find(message, "role");
  if (role == nullptr || !role->is_string() ||
      std::find(roles.begin(), roles.end(), role->get_ref<const std::string&>()) == roles.end()) {
    refuse(where + ".role", "must be one of system, developer, user, assistant, tool, function");
  }
  return {role->get<std::string>(), parse_content(message, where + ".content")};
}

std::vector<ChatMessage> parse_messages(const Json& request) {
  const Json* messages = find(request, "messages");
  if (messages == nullptr || !messages->is_array() || messages->empty() ||
      messages->size() > max_messages) {
    refuse("messages", "must be a list of 1 to " + std::to_string(max_messages) + " messages");
  }
  std::vector<ChatMessage> parsed;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    parsed.push_back(parse_message((*messages)[i], "messages[" + std::to_string(i) + "]"));
  }
  return parsed;
}

std::string parse_one_stop(const Json& stop) {
  const std::string* text = stop.get_ptr<const std::string*>();
  if (text == nullptr || text->empty() || text->size() > max_stop_bytes) {
    refuse("stop", "must be a string of 1 to " + std::to_string(max_stop_bytes) +
                       " bytes, or a list of such");
  }
  return *text;
}

std::vector<std::string> parse_stop(const Json& request) {
  const Json* stop = find(request, "stop");
  if (stop == nullptr) {
    return {};
  }
  if (!stop->is_array()) {
    return {parse_one_stop(*stop)};
  }
  if (stop->size() > max_stops) {
    refuse("stop", "may list " + std::to_string(max_stops) + " strings at most");
  }
  std::vector<std::string> parsed;
  for (const Json& one : *stop) {
    parsed.push_back(parse_one_stop(one));
  }
  return parsed;
}

/// Any 64-bit integer: some clients send -1 for "any", and it is as good a seed as another.
std::uint64_t parse_seed(const Json& request) {
  const Json* seed = find(request, "seed");
  if (seed == nullptr) {
    return 0;
  }
  if (!seed->is_number_integer()) {
    refuse("seed", "must be an integer of 64 bits");
  }
  return seed->is_number_unsigned() ? seed->get<std::uint64_t>()
                                    : static_cast<std::uint64_t>(seed->get<std::int64_t>());
}

}  // namespace

ChatRequest ChatRequest::parse(std::string_view json) {
  const Json request = parse_json(json, "the request");
  if (!request.is_object()) {
    throw Error(Code::malformed, "the request is not a JSON object");
  }
  const ChatRequest defaults;
  ChatRequest parsed;
  parsed.model = string_or(request, "model", "");
  parsed.messages = parse_messages(request);
  parsed.stream = bool_or(request, "stream", defaults.stream);
  // The newer name wins where both are given.
  const std::uint64_t max_tokens =
      integer_or(request, "max_tokens", 1, max_token_count, defaults.max_tokens);
  parsed.max_tokens = static_cast<std::uint32_t>(
      integer_or(request, "max_completion_tokens", 1, max_token_count, max_tokens));
  parsed.temperature = number_or(request, "temperature", {0, 2}, defaults.temperature);
  parsed.top_p = number_or(request, "top_p", {0, 1, true}, defaults.top_p);
  parsed.top_k =
      static_cast<std::uint32_t>(integer_or(request, "top_k", 0, max_top_k, defaults.top_k));
  parsed.min_p = number_or(request, "min_p", {0, 1}, defaults.min_p);
  parsed.repetition_penalty =
      number_or(request, "repetition_penalty", {0, 10, true}, defaults.repetition_penalty);
  parsed.seed = parse_seed(request);
  parsed.stop = parse_stop(request);
  integer_or(request, "n", 1, 1, 1);  // one answer a request: another number must not pass unseen
  return parsed;
}

std::string ChatRequest::to_json() const {
  const ChatRequest defaults;
  Json request;
  if (!model.empty()) {
    request["model"] = model;
  }
  Json& list = request["messages"] = Json::array();
  for (const ChatMessage& message : messages) {
    list.push_back({{"role", message.role}, {"content", message.content}});
  }
  request["stream"] = stream;
  request["max_tokens"] = max_tokens;
  request["temperature"] = temperature;
  request["top_p"] = top_p;
  // Not every server knows these, and some refuse what they do not know.
  if (top_k != defaults.top_k) {
    request["top_k"] = top_k;
  }
  if (min_p != defaults.min_p) {
    request["min_p"] = min_p;
  }
  if (repetition_penalty != defaults.repetition_penalty) {
    request["repetition_penalty"] = repetition_penalty;
  }
  if (seed != defaults.seed) {
    request["seed"] = seed;
  }
  if (!stop.empty()) {
    request["stop"] = stop;
  }
  return to_text(request);
}

}  // namespace crayon::transport
