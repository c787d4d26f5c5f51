#include "serving/service.h"

#include <fmt/format.h>

namespace crayon::serving {

std::string Service::next_id(const char* prefix) {
  return fmt::format("{}-{:x}-{}", prefix, epoch, ++answered);
}

std::int64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace crayon::serving
