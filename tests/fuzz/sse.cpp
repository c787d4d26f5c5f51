// Server-sent events, beside a reading of the standard that has the whole stream at once.
#include "transport/sse.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

struct Seen {
  std::vector<std::string> events;
  bool too_large = false;

  bool operator==(const Seen&) const = default;
};

Seen read(const std::vector<std::string_view>& pieces, std::size_t limit) {
  Seen seen;
  transport::SseParser parser(limit);
  try {
    for (const std::string_view piece : pieces) {
      const bool goes_on = parser.push(piece, [&](std::string_view data) {
        require(data.size() <= limit, "an event is within its limit");
        seen.events.emplace_back(data);
        return true;
      });
      require(goes_on, "nothing but the caller stops the stream");
    }
  } catch (const Error& error) {
    require(error.code() == Code::over_limit, "the only error is an event's size");
    seen.too_large = true;
  }
  return seen;
}

/// Whole lines only: what no line end follows is not finished.
std::vector<std::string> lines_of(std::string_view stream) {
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (stream[i] == '\n' || stream[i] == '\r') {
      lines.emplace_back();
      i += stream.substr(i, 2) == "\r\n" ? 1 : 0;
    } else {
      lines.back() += stream[i];
    }
  }
  lines.pop_back();
  return lines;
}

/// WHATWG HTML, section 9.2.6, for the field `data`.
std::vector<std::string> events_of(std::string_view stream) {
  if (stream.starts_with("\xef\xbb\xbf")) {
    stream.remove_prefix(3);
  }
  std::vector<std::string> events;
  std::vector<std::string> data;
  for (const std::string& line : lines_of(stream)) {
    if (line.empty() && !data.empty()) {
      std::string event = data.front();
      std::for_each(data.begin() + 1, data.end(), [&](const auto& more) { event += '\n' + more; });
      events.push_back(event);
      data.clear();
    } else if (line == "data") {
      data.emplace_back();
    } else if (line.starts_with("data:")) {
      data.push_back(line.substr(line.starts_with("data: ") ? 6 : 5));
    }
  }
  return events;
}

void check(std::string_view stream) {
  for (const std::size_t limit : {std::size_t{32}, stream.size() + 1}) {
    const std::vector<std::vector<std::string_view>> all = deliveries(stream);
    const Seen whole = read(all.front(), limit);
    for (const std::vector<std::string_view>& pieces : all) {
      require(read(pieces, limit) == whole, "the events do not depend on the pieces");
    }
    if (limit > stream.size()) {
      require(!whole.too_large, "the limit is one event's");
      require(whole.events == events_of(stream), "the events are those of the standard");
    }
    for (const std::string& event : whole.events) {
      if (event.find('\n') == std::string::npos) {
        const std::string written = transport::sse_event(event);
        require(read({written}, written.size()).events == std::vector{event},
                "an event that is written is read as it was");
      }
    }
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
