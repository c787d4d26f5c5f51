#include "base/system_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"

namespace crayon {
namespace {

// /proc/cpuinfo of a server with 256 cores has 400 KiB.
constexpr std::size_t text_limit = std::size_t{1} << 20;
constexpr std::size_t names_limit = 4096;

/// Reads to the end, as the sizes of these files say nothing.
std::optional<std::string> read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  while (true) {
    const ::ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 || text.size() > text_limit) {
      return std::nullopt;
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

std::string trimmed(const std::string& text) {
  const std::string_view blank(" \t\r\n\0", 5);  // device trees end their texts with a zero
  const std::size_t begin = text.find_first_not_of(blank);
  return begin == std::string::npos ? std::string()
                                    : text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

}  // namespace

std::optional<std::string> SystemFiles::text(const std::string& path) const {
  // Not blocking, and nothing but regular files: a pipe would wait for a writer.
  const Descriptor file(::open((root_ / path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  const std::optional<std::string> text = read_all(file.get());
  return text ? std::optional(trimmed(*text)) : std::nullopt;
}

std::optional<std::uint64_t> SystemFiles::number(const std::string& path) const {
  const std::optional<std::string> found = text(path);
  return found ? parse_number(*found) : std::nullopt;
}

std::optional<std::int64_t> SystemFiles::signed_number(const std::string& path) const {
  const std::optional<std::string> found = text(path);
  if (!found) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const char* end = found->data() + found->size();
  const auto [stop, status] = std::from_chars(found->data(), end, value);
  return status == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<std::string> SystemFiles::link(const std::string& path) const {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(root_ / path, error);
  return error ? std::nullopt : std::optional(target.string());
}

std::vector<std::string> SystemFiles::names(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(root_ / path, error);
  while (!error && entry != std::filesystem::directory_iterator() && names.size() < names_limit) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] =
      std::from_chars(text.data() + (hex ? 2 : 0), end, value, hex ? 16 : 10);
  if (status != std::errc() || (stop != end && *stop != ' ')) {
    return std::nullopt;
  }
  return value;
}

}  // namespace crayon
