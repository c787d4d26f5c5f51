#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "transport/patience.h"

namespace crayon::transport {

/// Where a host may be reached, in the order to try.
using Addresses = std::vector<sockaddr_storage>;

/// The addresses of a name, or the one that `host` spells out. Throws resolve_failed, timed_out,
/// cancelled.
Addresses resolve(const std::string& host, std::uint16_t port, const Patience& patience);

/// "127.0.0.1:8080" or "[::1]:8080".
std::string to_string(const sockaddr_storage& address);

std::uint16_t port_of(const sockaddr_storage& address);

inline const sockaddr* as_sockaddr(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace crayon::transport
