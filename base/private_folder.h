#pragma once

#include <filesystem>

namespace crayon {

/// A new folder for temporary files that only this user can read, removed with its content at the
/// end.
class PrivateFolder {
 public:
  /// Throws io.
  PrivateFolder();
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace crayon
