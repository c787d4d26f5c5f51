#pragma once

#include <atomic>
#include <cstdint>

namespace crayon {

// Linux futexes: sleep until a word changes. Unlike a condition variable there is no lock that a
// descheduled thread could hold in the way of the others.

/// Sleeps while `word` is `expected`; may return early.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected);

/// Wakes everyone who sleeps on `word`.
void futex_wake_all(std::atomic<std::uint32_t>& word);

}  // namespace crayon
