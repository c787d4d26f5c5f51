#include "base/service_notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"

namespace crayon {

ServiceNotifier::ServiceNotifier(std::string address) : address_(std::move(address)) {
  const bool is_address = address_.empty() || ((address_[0] == '/' || address_[0] == '@') &&
                                               address_.size() < sizeof(sockaddr_un::sun_path));
  if (!is_address) {
    throw Error(Code::bad_argument, "NOTIFY_SOCKET is neither a path nor an abstract name",
                "leave it to the service manager to set it");
  }
}

void ServiceNotifier::send(std::string_view state) const {
  if (!present()) {
    return;
  }
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  std::copy(address_.begin(), address_.end(), to.sun_path);
  if (to.sun_path[0] == '@') {
    to.sun_path[0] = '\0';
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return;
  }
  ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&to), size);
  ::close(descriptor);
}

}  // namespace crayon
