#pragma once

#include <chrono>
#include <functional>

namespace crayon::hybrid {

using SteadyTime = std::chrono::steady_clock::time_point;
/// What time it is; a test has its own.
using SteadyClock = std::function<SteadyTime()>;

}  // namespace crayon::hybrid
