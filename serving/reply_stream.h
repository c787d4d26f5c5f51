#pragma once

#include <string>
#include <string_view>

#include "transport/http_server.h"

namespace crayon::serving {

/// Server-sent events to one client. Nothing is sent before there is something to say, so that an
/// error can still have a status of its own.
class ReplyStream {
 public:
  explicit ReplyStream(transport::Responder& responder) : responder_(responder) {}

  bool started() const { return started_; }
  void event(std::string_view data);
  /// "[DONE]", and the end.
  void finish();
  /// Ends with an error event; only once started.
  void fail(std::string_view message, std::string_view code);

 private:
  transport::Responder& responder_;
  bool started_ = false;
};

}  // namespace crayon::serving
