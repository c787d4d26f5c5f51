#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace crayon::test {

/// Bytes that grow at the end, little-endian.
class ByteWriter {
 public:
  template <typename T>
  void put(T value) {
    bytes_.resize(bytes_.size() + sizeof value);
    store_le(bytes_.data() + bytes_.size() - sizeof value, value);
  }
  void put_text(std::string_view text) { put_bytes(as_bytes(text)); }
  void put_bytes(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void put_floats(std::span<const float> values) { put_bytes(as_bytes(values)); }
  void pad_to(std::size_t multiple) {
    while (bytes_.size() % multiple != 0) {
      bytes_.push_back(0);
    }
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

/// For tests that write thousands of files: nothing is synced, and the file is a new one, as some
/// file systems also sync a file that is emptied and written again.
inline void write_file(const std::filesystem::path& path, ByteSpan bytes) {
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

}  // namespace crayon::test
