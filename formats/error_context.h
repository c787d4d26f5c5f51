#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

// Where an error happened is known at several depths: "dim: 0 is not in 1..65536" becomes
// "index.config.dim: ..." and "m.crayon: index.config.dim: ..." on its way out. Nothing is
// formatted unless something is wrong.

namespace crayon::formats {

/// Runs `action`; an Error that it throws gets the text that `prefix()` gives in front of its
/// sentence. Errors of the system name their file by themselves and pass unchanged.
template <typename Prefix, typename Action>
auto with_prefix(const Prefix& prefix, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (error.code() >= Code::io) {
      throw;
    }
    throw Error(error.code(), prefix() + error.what(), error.hint());
  }
}

/// "m.crayon: ..."
template <typename Action>
auto in_file(const std::filesystem::path& path, const Action& action) {
  return with_prefix([&] { return path.string() + ": "; }, action);
}

/// "index.config..."
template <typename Action>
auto in_field(std::string_view name, const Action& action) {
  return with_prefix([&] { return fmt::format("{}.", name); }, action);
}

/// "tensors[5].name..."
template <typename Action>
auto in_entry(std::string_view list, std::size_t i, const Action& action) {
  return with_prefix([&] { return fmt::format("{}[{}].", list, i); }, action);
}

/// Throws "field: problem".
[[noreturn]] inline void fail(Code code, std::string_view field, std::string_view problem) {
  throw Error(code, fmt::format("{}: {}", field, problem));
}

}  // namespace crayon::formats
