#pragma once

#include <functional>
#include <thread>

namespace crayon {

/// A thread that runs `action`, with large memory from where this one has it. Throws io where the
/// system gives no more of them.
std::thread start_thread(std::function<void()> action);

}  // namespace crayon
