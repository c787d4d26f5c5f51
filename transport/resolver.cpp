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

sockaddr_storage storage_of(const sockaddr* address, std::size_t size) {
  sockaddr_storage storage = {};
  std::memcpy(&storage, address, std::min(size, sizeof storage));
  return storage;
}

LookupResult ask_system(const std::string& host, std::uint16_t port, int family) {
  addrinfo hints = {};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  LookupResult result;
  result.status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> release(found, freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    result.addresses.push_back(storage_of(entry->ai_addr, entry->ai_addrlen));
  }
  return result;
}

}  // namespace

void look_up(const std::string& host, std::uint16_t port, int family,
             std::function<void(LookupResult)> on_done) {
  // Nothing can interrupt getaddrinfo, and a loop cannot be closed while libuv's pool is still in
  // it: with a thread of its own, a look-up that hangs is left behind when the deadline comes.
  try {
    std::thread([host, port, family, on_done = std::move(on_done)] {
      LookupResult result{.addresses = {}, .status = EAI_MEMORY};
      try {
        result = ask_system(host, port, family);
      } catch (const std::exception&) {  // nothing may leave a thread
      }
      on_done(std::move(result));
    }).detach();
  } catch (const std::system_error& error) {
    throw Error(Code::resolve_failed, "cannot look up " + host + ": " + error.what());
  }
}

std::optional<sockaddr_storage> numeric_address(const std::string& host, std::uint16_t port) {
  sockaddr_in v4;
  if (uv_ip4_addr(host.c_str(), port, &v4) == 0) {
    return storage_of(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6;
  if (uv_ip6_addr(host.c_str(), port, &v6) == 0) {
    return storage_of(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return std::nullopt;
}

Error not_resolved(const std::string& host, int status) {
  const char* reason = status != 0 ? gai_strerror(status) : "no address";
  return {Code::resolve_failed, "cannot look up " + host + ": " + reason,
          "Check the name and the network."};
}

Addresses resolve(const std::string& host, std::uint16_t port, const Patience& patience) {
  if (const auto numeric = numeric_address(host, port)) {
    return {*numeric};
  }
  struct Shared {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<LookupResult> result;
  };
  const auto shared = std::make_shared<Shared>();
  look_up(host, port, AF_UNSPEC, [shared](LookupResult result) {
    const std::lock_guard lock(shared->mutex);
    shared->result = std::move(result);
    shared->done.notify_all();
  });
  std::unique_lock lock(shared->mutex);
  while (!shared->result) {
    patience.check();
    const auto next = std::min(patience.until(), Patience::Clock::now() + cancel_poll);
    shared->done.wait_until(lock, next);
  }
  if (shared->result->status != 0 || shared->result->addresses.empty()) {
    throw not_resolved(host, shared->result->status);
  }
  return std::move(shared->result->addresses);
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
