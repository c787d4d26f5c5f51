#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace crayon::transport {

/// Server-sent events (WHATWG HTML, section 9.2): bytes in, the `data` of whole events out.
class SseParser {
 public:
  /// An event larger than `limit` bytes throws over_limit.
  explicit SseParser(std::size_t limit = std::size_t{1024} * 1024) : limit_(limit) {}

  /// `on_data` gets each event's data; false stops, and push returns false. What follows a stop
  /// in `bytes` is dropped.
  bool push(std::string_view bytes, const std::function<bool(std::string_view)>& on_data);

 private:
  bool take_line(std::string_view line, const std::function<bool(std::string_view)>& on_data);

  std::size_t limit_;
  std::string line_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
};

/// "data: ...\n\n"; line breaks in `data` throw bad_argument (JSON text has none).
std::string sse_event(std::string_view data);

}  // namespace crayon::transport
