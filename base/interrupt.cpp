#include "base/interrupt.h"

#include <atomic>

namespace crayon {
namespace {

std::atomic<bool> has_come{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may not wait for a lock");

extern "C" void remember(int) {
  has_come = true;
}

}  // namespace

Interrupt::Interrupt() {
  has_come = false;
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigaction(SIGINT, &action, &before_int_);
  ::sigaction(SIGTERM, &action, &before_term_);
}

Interrupt::~Interrupt() {
  ::sigaction(SIGINT, &before_int_, nullptr);
  ::sigaction(SIGTERM, &before_term_, nullptr);
}

bool Interrupt::came() {
  return has_come;
}

}  // namespace crayon
