#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/chat_api.h"
#include "transport/sse.h"

namespace crayon::test {

/// The head of a reply that streams: chunked, so that its end is unmistakable.
inline constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view stream_end = "0\r\n\r\n";

/// One chunk of the transfer.
inline std::string chunk(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) {
    size.insert(size.begin(), digits[rest % 16]);
  }
  return size + "\r\n" + std::string(bytes) + "\r\n";
}

/// A piece of an answer, as an engine sends it.
inline std::string delta(std::string_view text) {
  return chunk(transport::sse_event(transport::ChatReply{}.chunk_json(text, false)));
}

/// The end of an answer.
inline std::string last(const std::string& finish_reason = "stop") {
  transport::ChatReply reply;
  reply.finish_reason = finish_reason;
  return chunk(transport::sse_event(reply.last_chunk_json())) +
         chunk(transport::sse_event("[DONE]"));
}

/// A whole streamed answer.
inline std::string streamed(const std::vector<std::string>& deltas,
                            const std::string& finish_reason = "stop") {
  std::string reply(stream_head);
  for (const std::string& text : deltas) {
    reply += delta(text);
  }
  return reply + last(finish_reason) + std::string(stream_end);
}

/// A reply with a length and no stream.
inline std::string whole(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

}  // namespace crayon::test
