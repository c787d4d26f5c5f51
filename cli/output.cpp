#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace crayon::cli {

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw OutputClosed();
    } else if (errno != EINTR) {
      const Code code = errno == ENOSPC ? Code::no_space : Code::io;
      throw Error(code, fmt::format("cannot write to standard output: {}", std::strerror(errno)));
    }
  }
}

void print_json(const Json& value) {
  print(value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void note(std::string_view line) {
  fmt::print(stderr, "{}\n", line);
}

void note_memory(const model::MemoryEstimate& memory) {
  note(fmt::format("memory: {}: weights {}, KV cache {}, scratch {}", bytes_text(memory.total()),
                   bytes_text(memory.weights), bytes_text(memory.kv_cache),
                   bytes_text(memory.scratch)));
}

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

std::string csv_field(std::string text) {
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 2)) {
    text.insert(at, 1, '"');
  }
  return '"' + text + '"';
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace crayon::cli
