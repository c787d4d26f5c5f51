#include "store/state.h"

#include "store/json_file.h"

namespace crayon::store {
namespace {

constexpr const char* format = "crayon-store-1";
constexpr std::uint64_t max_size = 1u << 20;

}  // namespace

std::filesystem::path state_file(const std::filesystem::path& root) {
  return root / "state.json";
}

State read_state(const std::filesystem::path& root) {
  State state;
  if (!std::filesystem::exists(state_file(root))) {
    return state;
  }
  const JsonFile file(state_file(root), max_size, format);
  state.active = file.number("active");
  state.previous = file.number("previous");
  for (const auto& [role, release] : file.object("releases").items()) {
    state.releases[role] = file.number(file.object("releases"), role.c_str());
  }
  return state;
}

void write_state(const std::filesystem::path& root, const State& state) {
  write_json(state_file(root), {{"format", format},
                                {"active", state.active},
                                {"previous", state.previous},
                                {"releases", state.releases}});
}

}  // namespace crayon::store
