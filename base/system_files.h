#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace crayon {

/// The small text files in which Linux says what a machine is (/proc, /sys). They differ from
/// kernel to kernel: one that is missing, unreadable, too long or odd is simply not there.
class SystemFiles {
 public:
  /// `root`: what stands for /, so that tests can show another machine.
  explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// The text of `path` (without the leading /), its ends without white space and zeros.
  std::optional<std::string> text(const std::string& path) const;
  /// The whole number, in decimal or as 0x.., that `path` holds alone or in front of a space.
  std::optional<std::uint64_t> number(const std::string& path) const;
  /// The same of a temperature and the like, which may be below 0.
  std::optional<std::int64_t> signed_number(const std::string& path) const;
  /// What the symbolic link `path` names, without following it further.
  std::optional<std::string> link(const std::string& path) const;
  /// Names in the folder `path`, sorted; none when it cannot be read.
  std::vector<std::string> names(const std::string& path) const;

 private:
  std::filesystem::path root_;
};

/// The number that `text` begins with; none when something else than a space follows it.
std::optional<std::uint64_t> parse_number(const std::string& text);

}  // namespace crayon
