#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/hybrid/assistant.h"
#include "transport/chat_api.h"
#include "transport/http_server.h"

namespace crayon::serving {

/// The reply to one request on its way to the client: whole, or as server-sent events. Nothing
/// is sent before there is something to say, so that an error can still have a status of its own.
class ChatReplyWriter {
 public:
  ChatReplyWriter(transport::Responder& responder, std::string id, std::string model_name,
                  bool stream);

  /// A piece of the answer that stands. A reply that is not streamed waits for end().
  void piece(std::string_view text);
  /// The whole answer: what pieces have not said, and how it came about.
  void end(const hybrid::Answer& answer);
  /// Ends with an error: a status, or an event when the stream has begun.
  void fail(int status, std::string_view message, std::string_view code);

 private:
  void send_event(std::string_view data);

  transport::Responder& responder_;
  transport::ChatReply reply_;
  bool stream_;
  bool started_ = false;
  std::size_t said_ = 0;  // bytes of the answer that are out
};

}  // namespace crayon::serving
