#include "transport/address_race.h"

#include <algorithm>
#include <utility>

namespace crayon::transport {

AddressRace::AddressRace(Loop& loop, Hooks hooks)
    : loop_(loop), hooks_(std::move(hooks)), timer_(make_timer(loop, this)) {}

/// libuv's callbacks act through here: no exception unwinds its C frames. Only the race's own
/// calls can throw, never a hook.
template <typename Action>
void AddressRace::guarded(const Action& action) {
  try {
    action(*this);
  } catch (const std::exception& error) {
    fail(failures_ + (failures_.empty() ? "" : "; ") + error.what());
  }
}

void AddressRace::fail(const std::string& failures) {
  attempts_.clear();
  timer_.reset();
  const auto on_failed = hooks_.on_failed;  // may destroy this
  on_failed(failures);
}

void AddressRace::add(int family, Addresses addresses) {
  Family& known = family == AF_INET6 ? v6_ : v4_;
  known.known = true;
  known.addresses = std::move(addresses);
  advance();
}

/// Starts what may start now, and sees whether anything is left to wait for.
void AddressRace::advance() {
  while (may_start_) {
    Family* family = next_family();
    if (family == nullptr) {
      break;
    }
    last_was_v6_ = family == &v6_;
    attempt(family->addresses[family->next++]);
  }
  const bool all_tried = v6_.known && v4_.known && v6_.exhausted() && v4_.exhausted();
  if (all_tried && attempts_.empty()) {
    fail(std::string(failures_));
  } else if (may_start_ && !v6_.known && !v4_.exhausted() &&
             !uv_is_active(reinterpret_cast<const uv_handle_t*>(timer_.get()))) {
    wait(resolution_delay);
  }
}

/// Whose turn it is; null when no address may be tried yet.
AddressRace::Family* AddressRace::next_family() {
  Family* first = last_was_v6_ ? &v4_ : &v6_;
  Family* second = last_was_v6_ ? &v6_ : &v4_;
  if (!first->exhausted()) {
    return first;
  }
  const bool must_wait = second == &v4_ && !v6_.known && !v4_may_go_first_;
  return second->exhausted() || must_wait ? nullptr : second;
}

void AddressRace::attempt(const sockaddr_storage& address) {
  auto& started = attempts_.emplace_back(Attempt{this, address, nullptr});
  started.socket = make_tcp(loop_, &started);
  auto connect = std::make_unique<uv_connect_t>();
  const auto on_connect = [](uv_connect_t* done, int status) {
    const std::unique_ptr<uv_connect_t> release(done);
    if (done->handle->data != nullptr) {  // else the race is over
      auto& ended = *static_cast<Attempt*>(done->handle->data);
      ended.race->guarded([&](AddressRace& race) { race.on_attempt_end(ended, status); });
    }
  };
  const int status =
      uv_tcp_connect(connect.get(), as_tcp(started.socket), as_sockaddr(address), on_connect);
  if (status < 0) {
    note_failure(address, status);
    attempts_.pop_back();
    return;
  }
  static_cast<void>(connect.release());  // on_connect's now
  may_start_ = false;
  wait(attempt_delay);
}

void AddressRace::on_attempt_end(Attempt& attempt, int status) {
  if (status < 0) {
    note_failure(attempt.address, status);
    attempts_.remove_if([&](const Attempt& one) { return &one == &attempt; });
    uv_timer_stop(timer_.get());
    may_start_ = true;
    advance();
    return;
  }
  StreamHandle winner = std::move(attempt.socket);
  attempts_.clear();
  timer_.reset();
  const auto on_connected = hooks_.on_connected;  // may destroy this
  on_connected(std::move(winner));
}

void AddressRace::wait(std::uint64_t milliseconds) {
  const auto on_time = [](uv_timer_t* timer) {
    static_cast<AddressRace*>(timer->data)->guarded([](AddressRace& self) {
      self.v4_may_go_first_ = true;
      self.may_start_ = true;
      self.advance();
    });
  };
  uv_check(uv_timer_start(timer_.get(), on_time, milliseconds, 0), "cannot start a timer");
}

void AddressRace::note_failure(const sockaddr_storage& address, int status) {
  failures_ += (failures_.empty() ? "" : "; ") + to_string(address) + ": " + uv_reason(status);
}

}  // namespace crayon::transport
