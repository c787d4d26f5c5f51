#include "transport/sse.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace crayon::transport {

bool SseParser::push(std::string_view bytes, const std::function<bool(std::string_view)>& on_data) {
  while (!bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n') {  // the second half of CRLF
      bytes.remove_prefix(1);
    }
    after_cr_ = false;
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (piece.size() > limit_ - std::min(limit_, line_.size() + data_.size())) {
      throw Error(Code::over_limit,
                  "a server-sent event is larger than " + std::to_string(limit_) + " bytes");
    }
    line_.append(piece);
    if (end == std::string_view::npos) {
      return true;
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    if (!take_line(line, on_data)) {
      return false;
    }
  }
  return true;
}

bool SseParser::take_line(std::string_view line,
                          const std::function<bool(std::string_view)>& on_data) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark)) {
    line.remove_prefix(byte_order_mark.size());
  }
  if (line.empty()) {
    const std::string data = std::exchange(data_, {});
    return std::exchange(has_data_, false) ? on_data(data) : true;
  }
  const std::size_t colon = line.find(':');
  if (line.substr(0, colon) != "data") {
    return true;  // a comment, or a field that carries no answer: event, id, retry
  }
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  if (std::exchange(has_data_, true)) {
    data_ += '\n';
  }
  data_ += value;
  return true;
}

std::string sse_event(std::string_view data) {
  if (data.find_first_of("\r\n") != std::string_view::npos) {
    throw Error(Code::bad_argument, "the data of a server-sent event has a line break");
  }
  return "data: " + std::string(data) + "\n\n";
}

}  // namespace crayon::transport
