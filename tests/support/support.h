#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"

namespace crayon::test {

/// A new empty folder that is removed with its content when the object goes.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// tests/data of the source tree.
std::filesystem::path data();

/// Real models, tokenizers and texts, where they are there: CRAYON_ASSETS, or ../shared/assets
/// beside the source tree. Empty otherwise; tests then skip.
std::filesystem::path assets();

/// Waits until `condition` holds; false after ten seconds.
bool eventually(const std::function<bool()>& condition);

/// Runs `action` and returns the code of the Error it throws; fails the test when it throws none.
template <typename Action>
Code code_of(const Action& action, std::string* sentence = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (sentence != nullptr) {
      *sentence = error.what();
    }
    return error.code();
  }
  ADD_FAILURE() << "no Error was thrown";
  return Code{};
}

}  // namespace crayon::test

/// Skips, saying so, unless assets() / `relative` exists; then `variable` is its path.
#define CRAYON_ASSET(variable, relative)                                             \
  const std::filesystem::path variable = ::crayon::test::assets() / (relative);      \
  if (::crayon::test::assets().empty() || !std::filesystem::exists(variable)) {      \
    GTEST_SKIP() << "no " << (relative) << " (set CRAYON_ASSETS to have it tested)"; \
  }
