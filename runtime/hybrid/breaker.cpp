#include "runtime/hybrid/breaker.h"

#include <algorithm>
#include <utility>

namespace crayon::hybrid {

Breaker::Breaker(BreakerOptions options, SteadyClock now)
    : options_(options), now_(std::move(now)), pause_(options.pause) {}

std::optional<Breaker::Permit> Breaker::enter() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::open && pause_is_over()) {
    change_to(State::half_open);
  }
  if (state_ == State::open || (state_ == State::half_open && trying_)) {
    return std::nullopt;
  }
  trying_ = state_ == State::half_open;
  return Permit(*this, epoch_);
}

bool Breaker::refuses() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::open ? !pause_is_over() : state_ == State::half_open && trying_;
}

Breaker::State Breaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

/// Without a value: nobody knows.
void Breaker::verdict(std::uint64_t epoch, std::optional<bool> success) {
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_) {
    return;
  }
  if (!success) {
    trying_ = false;
  } else if (*success) {
    failures_ = 0;
    if (state_ == State::half_open) {
      pause_ = options_.pause;
      change_to(State::closed);
    }
  } else if (state_ == State::half_open) {
    pause_ = std::min(pause_ * 2, options_.longest_pause);
    change_to(State::open);
  } else if (++failures_ >= options_.failures && options_.failures != 0) {
    change_to(State::open);
  }
}

void Breaker::change_to(State state) {
  state_ = state;
  ++epoch_;
  failures_ = 0;
  trying_ = false;
  if (state == State::open) {
    open_until_ = now_() + pause_;
  }
}

Breaker::Permit::Permit(Permit&& other) noexcept
    : breaker_(std::exchange(other.breaker_, nullptr)), epoch_(other.epoch_) {}

Breaker::Permit::~Permit() {
  if (breaker_ != nullptr) {
    breaker_->verdict(epoch_, std::nullopt);
  }
}

void Breaker::Permit::give(bool success) {
  if (Breaker* const breaker = std::exchange(breaker_, nullptr)) {
    breaker->verdict(epoch_, success);
  }
}

}  // namespace crayon::hybrid
