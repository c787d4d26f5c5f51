#include "base/system_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace crayon {

void throw_system_error(const char* action, const std::filesystem::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  const Code code = error == ENOENT   ? Code::not_found
                    : error == ENOMEM ? Code::out_of_memory
                    : full            ? Code::no_space
                                      : Code::io;
  const char* hint = code == Code::not_found  ? "check the path"
                     : code == Code::no_space ? "free some space and run the command again"
                     : error == EACCES || error == EPERM || error == EROFS
                         ? "check who may write there, and whether it is mounted for reading only"
                         : "";
  throw Error(code, fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(error)),
              hint);
}

}  // namespace crayon
