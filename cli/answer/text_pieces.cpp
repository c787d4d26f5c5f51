#include "cli/answer/text_pieces.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace crayon::cli {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

/// Where the last line of `text` begins, with its line break; its end when there is but one.
std::size_t last_line(const std::string& text) {
  const std::size_t found = text.rfind('\n');
  return found == std::string::npos || found == 0 ? text.size() : found;
}

}  // namespace

void TextPieces::Close::operator()(std::FILE* file) const {
  std::fclose(file);
}

TextPieces::TextPieces(const std::string& path)
    : path_(path),
      opened_(path == "-" ? nullptr : std::fopen(path.c_str(), "rb")),
      file_(path == "-" ? stdin : opened_.get()) {
  if (file_ == nullptr) {
    throw Error(errno == ENOENT ? Code::not_found : Code::io, path + ": " + std::strerror(errno),
                "name a text file that can be read");
  }
}

std::optional<std::string> TextPieces::next() {
  fill();
  if (held_.empty()) {
    return std::nullopt;
  }
  std::string rest;
  if (!ended_) {
    const std::size_t cut = last_line(held_);
    rest = held_.substr(cut);
    held_.resize(cut);
  }
  return std::exchange(held_, std::move(rest));
}

void TextPieces::fill() {
  while (!ended_ && held_.size() < piece_bytes) {
    const std::size_t before = held_.size();
    held_.resize(piece_bytes);
    const std::size_t got = std::fread(held_.data() + before, 1, piece_bytes - before, file_);
    held_.resize(before + got);
    if (got == 0) {
      if (std::ferror(file_) != 0) {
        throw Error(Code::io, path_ + ": " + std::strerror(errno), "check the file");
      }
      ended_ = true;
    }
  }
}

}  // namespace crayon::cli
