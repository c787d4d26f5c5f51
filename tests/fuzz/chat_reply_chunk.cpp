// The replies of a server that is not trusted, whole and streamed.
#include <optional>
#include <string>

#include "base/error.h"
#include "tests/fuzz/fuzz.h"
#include "transport/chat_api.h"
#include "transport/sse.h"

namespace crayon::fuzz {
namespace {

using transport::ChatChunk;
using transport::ChatReply;

std::optional<ChatReply> read_reply(std::string_view text) {
  try {
    return ChatReply::parse(text);
  } catch (const Error& error) {
    require(error.code() == Code::protocol, "what is no reply breaks the protocol");
    return {};
  }
}

std::optional<ChatChunk> read_chunk(std::string_view text) {
  try {
    return ChatChunk::parse(text);
  } catch (const Error& error) {
    require(error.code() == Code::protocol || error.code() == Code::http_status,
            "what is no chunk breaks the protocol or reports an error");
    return {};
  }
}

void check(std::string_view text) {
  if (const std::optional<ChatReply> reply = read_reply(text)) {
    const std::string printed = reply->to_json();
    const std::optional<ChatReply> again = read_reply(printed);
    require(again && again->to_json() == printed, "a reply that is printed reads as it was");
    require(again->content == reply->content && again->finish_reason == reply->finish_reason,
            "nothing is lost on paper");
    const std::optional<ChatChunk> last = read_chunk(reply->last_chunk_json());
    require(last && last->delta.empty() && last->finish_reason == reply->finish_reason,
            "the last chunk ends the stream");
  }
  if (const std::optional<ChatChunk> chunk = read_chunk(text)) {
    for (const bool first : {false, true}) {
      const std::string printed = ChatReply{}.chunk_json(chunk->delta, first);
      const std::optional<ChatChunk> again = read_chunk(printed);
      require(again && again->delta == chunk->delta, "a chunk that is printed reads as it was");
      transport::sse_event(printed);  // throws, were it of several lines
    }
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
