#include "base/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace crayon {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
              std::atomic<std::uint32_t>::is_always_lock_free);

void call(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

}  // namespace

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected) {
  call(word, FUTEX_WAIT_PRIVATE, expected);
}

void futex_wake_all(std::atomic<std::uint32_t>& word) {
  call(word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

}  // namespace crayon
