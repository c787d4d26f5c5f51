#include "store/state.h"

#include <fmt/format.h>

#include <iterator>

#include "base/file.h"
#include "store/text_file.h"

namespace crayon::store {
namespace {

constexpr const char* format = "crayon-store 1";
constexpr std::uint64_t max_size = 1u << 20;

}  // namespace

std::filesystem::path state_file(const std::filesystem::path& root) {
  return root / "state.txt";
}

State read_state(const std::filesystem::path& root) {
  State state;
  if (!std::filesystem::exists(state_file(root))) {
    return state;
  }
  const TextFile file(state_file(root), max_size, format);
  state.active = file.number(file.one("active", 1), 0);
  state.previous = file.number(file.one("previous", 1), 0);
  for (const Record& record : file.records()) {
    if (record.field == "release") {
      state.releases[record.values.empty() ? "" : record.values.front()] = file.number(record, 1);
    }
  }
  return state;
}

void write_state(const std::filesystem::path& root, const State& state) {
  std::string text =
      fmt::format("{}\nactive {}\nprevious {}\n", format, state.active, state.previous);
  for (const auto& [role, release] : state.releases) {
    fmt::format_to(std::back_inserter(text), "release {} {}\n", role, release);
  }
  write_text(state_file(root), text);
}

}  // namespace crayon::store
