#pragma once

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"

namespace crayon::formats {

/// Runs `action`; an Error that it throws about content gets the file's name in front of its
/// sentence. Errors of the system name the file by themselves.
template <typename Action>
auto in_file(const std::filesystem::path& path, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (error.code() >= Code::io) {
      throw;
    }
    throw Error(error.code(), fmt::format("{}: {}", path.string(), error.what()), error.hint());
  }
}

}  // namespace crayon::formats
