#include "transport/unix_listener.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace crayon::transport {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why,
                         const std::string& hint = "Choose another path.") {
  throw Error(Code::io, "cannot listen on \"" + path + "\": " + why, hint);
}

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path ||
      path.find('\0') != std::string::npos) {
    throw Error(Code::bad_argument,
                "a unix socket's path must have 1 to " +
                    std::to_string(sizeof address.sun_path - 1) + " bytes",
                "Choose a shorter path.");
  }
  path.copy(address.sun_path, path.size());
  return address;
}

int open_socket(const std::string& path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) {
    refuse(path, reason_of(errno));
  }
  return descriptor;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Removes what a server that is no more has left at `path`.
void make_way(const std::string& path, const sockaddr_un& address) {
  struct stat file = {};
  if (::lstat(path.c_str(), &file) != 0) {
    return;  // nothing there, or bind() will say what is wrong
  }
  if (!S_ISSOCK(file.st_mode)) {
    refuse(path, "there is a file that is no socket");
  }
  const int probe = open_socket(path);
  const int error = ::connect(probe, generic(address), sizeof address) == 0 ? 0 : errno;
  ::close(probe);
  switch (error) {
    case 0:
    case EAGAIN:  // its queue is full
      refuse(path, "address taken: a server listens there", "Stop it, or choose another path.");
    case ECONNREFUSED:
      ::unlink(path.c_str());
      return;
    default:
      refuse(path, reason_of(error));
  }
}

}  // namespace

UnixListener::UnixListener(const std::string& path, unsigned mode) : path_(path) {
  const sockaddr_un address = address_of(path);
  make_way(path, address);
  descriptor_ = open_socket(path);
  // The file takes its mode from the socket, less the umask: at no moment is it open to others.
  const bool bound = ::fchmod(descriptor_, mode) == 0 &&
                     ::bind(descriptor_, generic(address), sizeof address) == 0;
  if (!bound) {
    const int error = errno;
    ::close(descriptor_);
    refuse(path, reason_of(error));
  }
  ::lstat(path.c_str(), &file_);
  ::chmod(path.c_str(), mode);  // what the umask took
}

UnixListener::~UnixListener() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
  struct stat now = {};
  if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == file_.st_dev &&
      now.st_ino == file_.st_ino) {  // not what another server has put there meanwhile
    ::unlink(path_.c_str());
  }
}

int UnixListener::release() {
  return std::exchange(descriptor_, -1);
}

}  // namespace crayon::transport
