#include "base/start_thread.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/memory_source.h"

namespace crayon {

std::thread start_thread(std::function<void()> action) {
  try {
    return std::thread([action = std::move(action), source = memory_source()] {
      const UseMemorySource use(source);
      action();
    });
  } catch (const std::system_error& error) {
    throw Error(Code::io, fmt::format("cannot start a thread: {}", error.code().message()),
                "use fewer with -t, or allow this user more of them");
  }
}

}  // namespace crayon
