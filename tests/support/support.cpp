#include "tests/support/support.h"

#include <chrono>
#include <cstdlib>
#include <thread>

namespace crayon::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "crayon-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw Error(Code::io, "cannot create a temporary folder " + pattern);
  }
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path data() {
  return std::filesystem::path(CRAYON_SOURCE_DIR) / "tests/data";
}

std::filesystem::path assets() {
  if (const char* path = std::getenv("CRAYON_ASSETS")) {
    return path;
  }
  const std::filesystem::path beside =
      std::filesystem::path(CRAYON_SOURCE_DIR) / "../shared/assets";
  return std::filesystem::exists(beside) ? beside : std::filesystem::path();
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace crayon::test
