#pragma once

#include <functional>
#include <list>
#include <string>

#include "base/error.h"
#include "transport/loop.h"
#include "transport/resolver.h"

namespace crayon::transport {

/// Connects to whichever of a host's addresses answers first (RFC 8305, "Happy Eyeballs"): IPv6
/// and IPv4 in turn, IPv6 first, a quarter of a second apart or as soon as an attempt fails; the
/// first success ends the others. Addresses may come in while it runs.
class AddressRace {
 public:
  /// How far apart attempts begin, in milliseconds (RFC 8305 section 5).
  static constexpr std::uint64_t attempt_delay = 250;
  /// How long IPv4 waits for the IPv6 addresses of the name, in milliseconds (section 3).
  static constexpr std::uint64_t resolution_delay = 50;

  struct Hooks {
    std::function<void(StreamHandle)> on_connected;
    /// All have failed, in words: "10.0.0.1:80: connection refused; ...". Empty when there was
    /// none.
    std::function<void(const std::string&)> on_failed;
  };
  /// One of the hooks is called, once; it may destroy the race, and does not throw.
  AddressRace(Loop& loop, Hooks hooks);

  /// All addresses of one family (AF_INET or AF_INET6); each family comes once.
  void add(int family, Addresses addresses);

 private:
  struct Family {
    bool known = false;
    Addresses addresses;
    std::size_t next = 0;
    bool exhausted() const { return next == addresses.size(); }
  };
  struct Attempt {
    AddressRace* race;
    sockaddr_storage address;
    StreamHandle socket;
  };

  template <typename Action>
  void guarded(const Action& action);
  void fail(const std::string& failures);
  void advance();
  Family* next_family();
  void attempt(const sockaddr_storage& address);
  void on_attempt_end(Attempt& attempt, int status);
  void wait(std::uint64_t milliseconds);
  void note_failure(const sockaddr_storage& address, int status);

  Loop& loop_;
  Hooks hooks_;
  Handle<uv_timer_t> timer_;
  Family v6_;
  Family v4_;
  bool last_was_v6_ = false;
  bool v4_may_go_first_ = false;
  bool may_start_ = true;  // an attempt has not begun within the last attempt_delay
  std::list<Attempt> attempts_;
  std::string failures_;
};

}  // namespace crayon::transport
