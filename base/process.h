#pragma once

#include <cstdint>

namespace crayon {

/// Seconds on a clock that never goes back, from an arbitrary origin.
double monotonic_seconds();

/// Largest resident set of this process so far, in bytes.
std::uint64_t peak_rss_bytes();

/// Resident set of this process at the moment, in bytes; 0 where /proc does not tell.
std::uint64_t rss_bytes();

/// Seconds that all processors together have spent on this process so far.
double process_cpu_seconds();

}  // namespace crayon
