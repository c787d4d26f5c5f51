#include "serving/reply_stream.h"

#include <utility>

#include "transport/chat_api.h"
#include "transport/sse.h"

namespace crayon::serving {

void ReplyStream::event(std::string_view data) {
  if (!std::exchange(started_, true)) {
    responder_.start(200, "text/event-stream");
  }
  responder_.write(transport::sse_event(data));
}

void ReplyStream::finish() {
  event("[DONE]");
  responder_.finish();
}

void ReplyStream::fail(std::string_view message, std::string_view code) {
  event(transport::error_json(message, "server_error", code));
  responder_.finish();
}

}  // namespace crayon::serving
