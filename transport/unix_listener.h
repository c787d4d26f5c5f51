#pragma once

#include <sys/stat.h>

#include <string>

namespace crayon::transport {

/// A unix socket bound to a path, whose file lives as long as this object.
class UnixListener {
 public:
  /// A socket file that no server listens on any more is replaced. Throws io when a server does,
  /// when the path is taken by anything else, or when it cannot be bound; bad_argument for a path
  /// too long for a socket. `mode`: of the file, from its first moment.
  UnixListener(const std::string& path, unsigned mode);
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  /// The bound socket, non-blocking, not yet listening; now the caller's to close.
  int release();

 private:
  std::string path_;
  int descriptor_ = -1;
  struct stat file_ = {};  // the one that is ours to remove
};

}  // namespace crayon::transport
