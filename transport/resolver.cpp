#include "transport/resolver.h"

#include <netdb.h>
#include <uv.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/error.h"

namespace crayon::transport {
namespace {

/// What the look-up's thread and the one that waits for it share.
struct Lookup {
  std::mutex mutex;
  std::condition_variable done;
  bool is_done = false;
  int status = 0;
  Addresses addresses;  // belongs to the look-up until is_done
};

sockaddr_storage storage_of(const sockaddr* address, std::size_t size) {
  sockaddr_storage storage = {};
  std::memcpy(&storage, address, std::min(size, sizeof storage));
  return storage;
}

int look_up(Lookup& lookup, const std::string& host, std::uint16_t port) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> release(found, freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    lookup.addresses.push_back(storage_of(entry->ai_addr, entry->ai_addrlen));
  }
  return status;
}

void finish(Lookup& lookup, int status) {
  const std::lock_guard lock(lookup.mutex);
  lookup.status = status;
  lookup.is_done = true;
  lookup.done.notify_all();
}

void look_up_or_fail(Lookup& lookup, const std::string& host, std::uint16_t port) {
  try {
    finish(lookup, look_up(lookup, host, port));
  } catch (const std::exception&) {  // nothing may leave a thread
    finish(lookup, EAI_MEMORY);
  }
}

bool parse_numeric(const std::string& host, std::uint16_t port, sockaddr_storage& out) {
  sockaddr_in v4;
  if (uv_ip4_addr(host.c_str(), port, &v4) == 0) {
    out = storage_of(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    return true;
  }
  sockaddr_in6 v6;
  if (uv_ip6_addr(host.c_str(), port, &v6) == 0) {
    out = storage_of(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    return true;
  }
  return false;
}

}  // namespace

Addresses resolve(const std::string& host, std::uint16_t port, const Patience& patience) {
  sockaddr_storage numeric;
  if (parse_numeric(host, port, numeric)) {
    return {numeric};
  }
  // Nothing can interrupt getaddrinfo, and a loop cannot be closed while libuv's pool is still in
  // it: with a thread of its own, a look-up that hangs is left behind when the deadline comes.
  const auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host, port] { look_up_or_fail(*lookup, host, port); }).detach();
  } catch (const std::system_error& error) {
    throw Error(Code::resolve_failed, "cannot look up " + host + ": " + error.what());
  }
  std::unique_lock lock(lookup->mutex);
  while (!lookup->is_done) {
    patience.check();
    const auto next = std::min(patience.until(), Patience::Clock::now() + cancel_poll);
    lookup->done.wait_until(lock, next);
  }
  if (lookup->status != 0 || lookup->addresses.empty()) {
    const char* reason = lookup->status != 0 ? gai_strerror(lookup->status) : "no address";
    throw Error(Code::resolve_failed, "cannot look up " + host + ": " + reason,
                "Check the name and the network.");
  }
  return std::move(lookup->addresses);
}

std::uint16_t port_of(const sockaddr_storage& address) {
  // sin_port and sin6_port lie at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::string to_string(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET6) {
    uv_ip6_name(reinterpret_cast<const sockaddr_in6*>(&address), host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(port_of(address));
  }
  uv_ip4_name(reinterpret_cast<const sockaddr_in*>(&address), host, sizeof host);
  return std::string(host) + ":" + std::to_string(port_of(address));
}

}  // namespace crayon::transport
