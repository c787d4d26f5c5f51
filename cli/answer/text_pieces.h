#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace crayon::cli {

/// A text of any length, in pieces of some 64 KiB. All but the first begin with a line break, where
/// the text has lines.
class TextPieces {
 public:
  /// "-" is standard input. Throws not_found or io.
  explicit TextPieces(const std::string& path);

  /// Nothing at the end. Throws io.
  std::optional<std::string> next();

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };

  void fill();

  const std::string path_;
  std::unique_ptr<std::FILE, Close> opened_;  // or null: standard input
  std::FILE* file_;
  std::string held_;
  bool ended_ = false;
};

}  // namespace crayon::cli
