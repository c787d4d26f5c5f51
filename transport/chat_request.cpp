#include <algorithm>
#include <array>

#include "base/error.h"
#include "transport/chat_api.h"
#include "transport/text_options.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_messages = 4096;
constexpr std::size_t max_stressed = 256;
constexpr std::uint64_t max_layer = 1024;

// A role goes into the model's chat template: no text of the client's own may stand there.
constexpr std::array<std::string_view, 6> roles = {"system",    "developer", "user",
                                                   "assistant", "tool",      "function"};

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

/// response_format: {"type": "text" or "json_object"}.
bool parse_json_object(const Json& request) {
  const Json* format = find(request, "response_format");
  if (format == nullptr) {
    return false;
  }
  const Json* type = format->is_object() ? find(*format, "type") : nullptr;
  if (type == nullptr || (*type != "text" && *type != "json_object")) {
    refuse("response_format", "must be {\"type\": \"text\"} or {\"type\": \"json_object\"}");
  }
  return *type == "json_object";
}

/// x_crayon.emphasis: [{"text", "weight"}].
std::vector<StressedText> parse_emphasis(const Json& extension) {
  const Json* list = find(extension, "emphasis");
  if (list == nullptr) {
    return {};
  }
  if (!list->is_array() || list->size() > max_stressed) {
    refuse("x_crayon.emphasis", "must be a list of {\"text\", \"weight\"}, " +
                                    std::to_string(max_stressed) + " at most");
  }
  std::vector<StressedText> parsed;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& each = (*list)[i];
    const std::string where = "x_crayon.emphasis[" + std::to_string(i) + "]";
    if (!each.is_object()) {
      refuse(where, "must be an object");
    }
    const Json* const weight = find(each, "weight");
    if (weight == nullptr || !weight->is_number() || weight->get<double>() < 0 ||
        weight->get<double>() > 1000) {
      refuse(where + ".weight", "must be a number from 0 to 1000");
    }
    parsed.push_back({string_or(each, "text", ""), weight->get<double>()});
    if (parsed.back().text.empty()) {
      refuse(where + ".text", "must be words of a message");
    }
  }
  return parsed;
}

void parse_extension(const Json& request, ChatRequest& parsed) {
  const Json* const extension = find(request, "x_crayon");
  if (extension == nullptr) {
    return;
  }
  if (!extension->is_object()) {
    refuse("x_crayon", "must be an object");
  }
  parsed.emphasis = parse_emphasis(*extension);
  parsed.emphasis_first_layer =
      static_cast<std::uint32_t>(integer_or(*extension, "emphasis_first_layer", 0, max_layer, 0));
}

}  // namespace

ChatRequest ChatRequest::parse(std::string_view json) {
  const Json request = parse_json(json, "the request");
  if (!request.is_object()) {
    throw Error(Code::malformed, "the request is not a JSON object");
  }
  ChatRequest parsed;
  parse_text_options(request, parsed);
  parsed.messages = parse_messages(request);
  // The newer name wins where both are given.
  parsed.max_tokens = static_cast<std::uint32_t>(
      integer_or(request, "max_completion_tokens", 1, max_token_count, parsed.max_tokens));
  parsed.logprobs = bool_or(request, "logprobs", false);
  parsed.top_logprobs =
      static_cast<std::uint32_t>(integer_or(request, "top_logprobs", 0, max_likeliest, 0));
  if (parsed.top_logprobs > 0 && !parsed.logprobs) {
    refuse("top_logprobs", "needs \"logprobs\": true");
  }
  parsed.json_object = parse_json_object(request);
  parse_extension(request, parsed);
  return parsed;
}

std::string ChatRequest::to_json() const {
  Json request;
  if (!model.empty()) {
    request["model"] = model;
  }
  Json& list = request["messages"] = Json::array();
  for (const ChatMessage& message : messages) {
    list.push_back({{"role", message.role}, {"content", message.content}});
  }
  add_text_options(*this, request);
  if (logprobs) {
    request["logprobs"] = true;
    request["top_logprobs"] = top_logprobs;
  }
  if (json_object) {
    request["response_format"] = {{"type", "json_object"}};
  }
  return to_text(request);
}

}  // namespace crayon::transport
