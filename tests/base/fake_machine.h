#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/system_files.h"
#include "tests/support/support.h"

namespace crayon::test {

/// A machine made of files.
class FakeMachine {
 public:
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    write_text(folder_ / path, text);
  }
  void link(const std::string& path, const std::string& target) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::filesystem::create_symlink(target, folder_ / path);
  }
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  SystemFiles files() const { return SystemFiles(folder_.path()); }

 private:
  TempDir folder_;
};

}  // namespace crayon::test
