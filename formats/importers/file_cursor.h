#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

namespace crayon::importers {

/// Reads a file front to back through a small buffer and never past its end. `field` names what
/// is being read, for the error (Code::truncated).
class FileCursor {
 public:
  explicit FileCursor(const File& file, std::uint64_t position = 0)
      : file_(file), position_(position) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return file_.size() - position_; }

  template <typename T>
  T read(std::string_view field) {
    std::uint8_t bytes[sizeof(T)];
    read_bytes(bytes, field);
    return load_le<T>(bytes);
  }

  /// `size` is checked against the file before any memory is taken.
  std::string read_string(std::uint64_t size, std::string_view field);
  void read_bytes(MutableByteSpan out, std::string_view field);

  /// Throws truncated unless `count` things of at least `least_bytes` each can still follow.
  void require(std::uint64_t count, std::uint64_t least_bytes, std::string_view field) const;

  /// Throws an Error that starts with the file's name.
  [[noreturn]] void fail(Code code, const std::string& what, const std::string& hint = {}) const;

 private:
  const File& file_;
  std::uint64_t position_;
  std::uint64_t buffer_start_ = 0;  // in the file
  std::vector<std::uint8_t> buffer_;
};

}  // namespace crayon::importers
