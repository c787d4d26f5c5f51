#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "transport/patience.h"

namespace crayon::transport {

/// Where a host may be reached, in the order to try.
using Addresses = std::vector<sockaddr_storage>;

/// What came of asking for a name's addresses.
struct LookupResult {
  Addresses addresses;
  int status = 0;  ///< getaddrinfo's
};

/// Asks for the addresses of one family (AF_INET, AF_INET6, or AF_UNSPEC for both) on a thread of
/// its own, which calls `on_done` and cannot be interrupted: who no longer cares lets it go on.
/// Throws resolve_failed when there is no thread to be had.
void look_up(const std::string& host, std::uint16_t port, int family,
             std::function<void(LookupResult)> on_done);

/// The address that `host` spells out in figures, if it does.
std::optional<sockaddr_storage> numeric_address(const std::string& host, std::uint16_t port);

/// The error that no address of `host` was found.
Error not_resolved(const std::string& host, int status);

/// Waits for the addresses of a name, or of the one that `host` spells out. Throws
/// resolve_failed, timed_out, cancelled.
Addresses resolve(const std::string& host, std::uint16_t port, const Patience& patience);

/// "127.0.0.1:8080" or "[::1]:8080".
std::string to_string(const sockaddr_storage& address);

std::uint16_t port_of(const sockaddr_storage& address);

inline const sockaddr* as_sockaddr(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace crayon::transport
