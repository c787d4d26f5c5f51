#pragma once

#include <cstddef>
#include <span>

namespace crayon::bench {

/// Seconds that this thread has computed: what others do on its core does not count.
double thread_seconds();

/// Reads all of `bytes` once and does nothing else: what a product with one token cannot beat.
void read_all(std::span<const std::byte> bytes);

/// Multiplies bytes in registers alone, by the widest instruction for it that this CPU has, and
/// returns how many products that were; 0 where no such loop is known.
double multiply_in_registers();

}  // namespace crayon::bench
