// The body of a chat request, as any client may send it.
#include <cmath>
#include <optional>
#include <string>

#include "base/error.h"
#include "tests/fuzz/fuzz.h"
#include "transport/chat_api.h"
#include "transport/json.h"

namespace crayon::fuzz {
namespace {

using transport::ChatRequest;
using transport::Json;
using transport::to_text;

/// Nothing for text that is refused as the headers say.
std::optional<Json> read_json(std::string_view text) {
  try {
    return transport::parse_json(text, "the text");
  } catch (const Error& error) {
    require(error.code() == Code::malformed, "what is not JSON is malformed");
    return {};
  }
}

std::optional<ChatRequest> read_request(std::string_view text) {
  try {
    return ChatRequest::parse(text);
  } catch (const Error& error) {
    require(error.code() == Code::malformed || error.code() == Code::bad_argument,
            "what is no request is malformed or has a bad argument");
    return {};
  }
}

/// What the generator relies on.
void check_ranges(const ChatRequest& request) {
  require(!request.messages.empty(), "there is a message");
  require(request.max_tokens >= 1, "there is room for a token");
  require(request.temperature >= 0 && request.temperature <= 2, "temperature is in 0..2");
  require(request.top_p > 0 && request.top_p <= 1, "top_p is above 0, and 1 at most");
  require(request.min_p >= 0 && request.min_p <= 1, "min_p is in 0..1");
  require(request.repetition_penalty > 0 && std::isfinite(request.repetition_penalty),
          "repetition_penalty is above 0");
  for (const std::string& stop : request.stop) {
    require(!stop.empty(), "a stop text is not empty");
  }
}

void check(std::string_view text) {
  const std::optional<Json> json = read_json(text);
  if (json) {
    const std::optional<Json> again = read_json(to_text(*json));
    require(again && to_text(*again) == to_text(*json), "JSON that is printed reads as it was");
  }
  const std::optional<ChatRequest> request = read_request(text);
  if (!request) {
    return;
  }
  require(json && json->is_object(), "a request is a JSON object");
  check_ranges(*request);
  const std::string printed = request->to_json();
  const std::optional<ChatRequest> again = read_request(printed);
  require(again && again->to_json() == printed, "a request that is printed reads as it was");
  require(again->messages.size() == request->messages.size() && again->stop == request->stop &&
              again->model == request->model && again->seed == request->seed,
          "nothing is lost on paper");
  require(printed.find_first_of("\r\n") == std::string::npos, "a request is printed on one line");
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
