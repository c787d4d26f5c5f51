#pragma once

#include <cstdint>

namespace crayon {

/// Seconds on a clock that never goes back, from an arbitrary origin.
double monotonic_seconds();

/// Largest resident set of this process so far, in bytes.
std::uint64_t peak_rss_bytes();

/// Seconds that all processors together have spent on this process so far.
double process_cpu_seconds();

}  // namespace crayon
