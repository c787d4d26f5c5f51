#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crayon {

/// The processors that the calling thread may run on; empty when the system does not say.
std::vector<std::uint32_t> allowed_cpus();

/// Lets the calling thread, and threads that it starts from now on, run on `cpus` alone. False,
/// and nothing changed, when the system refuses.
bool pin_this_thread(std::span<const std::uint32_t> cpus);

}  // namespace crayon
