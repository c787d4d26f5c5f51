#include "serving/chat_reply.h"

#include <chrono>
#include <utility>

#include "serving/routes.h"
#include "transport/sse.h"

namespace crayon::serving {
namespace {

std::int64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

ChatReplyWriter::ChatReplyWriter(transport::Responder& responder, std::string id,
                                 std::string model_name, bool stream)
    : responder_(responder), stream_(stream) {
  reply_.id = std::move(id);
  reply_.model = std::move(model_name);
  reply_.created = unix_seconds();
}

void ChatReplyWriter::piece(std::string_view text) {
  if (!stream_ || text.empty()) {
    return;
  }
  send_event(reply_.chunk_json(text, said_ == 0));
  said_ += text.size();
}

void ChatReplyWriter::end(const hybrid::Answer& answer) {
  const bool remote = answer.route == hybrid::Route::remote;
  reply_.content = answer.text;
  reply_.finish_reason = answer.finish == generation::Finish::stop ? "stop" : "length";
  reply_.usage = {.prompt_tokens = answer.prompt_tokens,
                  .completion_tokens = answer.completion_tokens};
  reply_.routing = {.route = remote ? "remote" : "local",
                    .reason = answer.reason,
                    .score = answer.score,
                    .threshold = answer.threshold,
                    .blend = {answer.blend.weights.begin(), answer.blend.weights.end()}};
  if (!remote) {
    reply_.prompt_ms = answer.local.prefill_seconds * 1e3;
    reply_.predicted_ms = answer.local.decode_seconds * 1e3;
  }
  if (!stream_) {
    responder_.reply(200, "application/json", reply_.to_json());
    return;
  }
  if (said_ == 0) {  // also an empty answer has a first chunk, which names the role
    send_event(reply_.chunk_json(answer.text, true));
  }
  send_event(reply_.last_chunk_json());
  send_event("[DONE]");
  responder_.finish();
}

void ChatReplyWriter::fail(int status, std::string_view message, std::string_view code) {
  if (!started_) {
    reply_error(responder_, status, message, code);
    return;
  }
  send_event(transport::error_json(message, "server_error", code));
  responder_.finish();
}

void ChatReplyWriter::send_event(std::string_view data) {
  if (!started_) {
    started_ = true;
    responder_.start(200, "text/event-stream");
  }
  responder_.write(transport::sse_event(data));
}

}  // namespace crayon::serving
