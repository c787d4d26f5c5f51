#pragma once

#include <filesystem>

namespace crayon {

/// "cannot ACTION PATH: ..." for a system call that failed with `error`: not_found, no_space,
/// out_of_memory or io.
[[noreturn]] void throw_system_error(const char* action, const std::filesystem::path& path,
                                     int error);

}  // namespace crayon
