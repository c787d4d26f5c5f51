#include "formats/importers/file_cursor.h"

#include <fmt/format.h>

#include <algorithm>

namespace crayon::importers {
namespace {

constexpr std::uint64_t buffer_bytes = 64 << 10;

}  // namespace

void FileCursor::fail(Code code, const std::string& what, const std::string& hint) const {
  throw Error(code, fmt::format("{}: {}", file_.path().string(), what), hint);
}

void FileCursor::require(std::uint64_t count, std::uint64_t least_bytes,
                         std::string_view field) const {
  if (count > left() / least_bytes) {
    fail(Code::truncated,
         fmt::format("the file ends inside {}: {} bytes are left at byte {}", field, left(),
                     position_),
         "copy or download the file again");
  }
}

std::string FileCursor::read_string(std::uint64_t size, std::string_view field) {
  require(size, 1, field);
  std::string text(size, '\0');
  read_bytes(as_writable_bytes(std::span<char>(text)), field);
  return text;
}

void FileCursor::read_bytes(MutableByteSpan out, std::string_view field) {
  require(out.size(), 1, field);
  while (!out.empty()) {
    const bool buffered = position_ >= buffer_start_ && position_ - buffer_start_ < buffer_.size();
    if (!buffered) {
      buffer_.resize(std::min(buffer_bytes, left()));
      file_.read_at(position_, buffer_);
      buffer_start_ = position_;
    }
    const std::uint64_t inside = position_ - buffer_start_;
    const std::uint64_t count = std::min<std::uint64_t>(out.size(), buffer_.size() - inside);
    std::memcpy(out.data(), buffer_.data() + inside, count);
    out = out.subspan(count);
    position_ += count;
  }
}

}  // namespace crayon::importers
