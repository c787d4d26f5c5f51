#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace crayon::store {

/// Which deployment answers: the one file that a switch replaces.
struct State {
  std::uint64_t active = 0;    ///< 0: none yet
  std::uint64_t previous = 0;  ///< what rollback returns to; 0: none
  /// The highest release of each role that was ever active, against older ones.
  std::map<std::string, std::uint64_t> releases;
};

std::filesystem::path state_file(const std::filesystem::path& root);

/// The default where there is no such file. Throws malformed.
State read_state(const std::filesystem::path& root);

/// Whole or not at all, and kept through a power cut.
void write_state(const std::filesystem::path& root, const State& state);

}  // namespace crayon::store
