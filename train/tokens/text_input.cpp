#include "train/tokens/text_input.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace crayon::train {
namespace {

constexpr std::size_t longest_line = std::size_t{64} << 20;  // bytes
constexpr std::size_t block_size = std::size_t{1} << 20;     // bytes read and decompressed at once

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::filesystem::path without_zst(const std::filesystem::path& path) {
  return path.extension() == ".zst" ? path.parent_path() / path.stem() : path;
}

/// A zstd stream: frames one behind the other.
class Decompressor {
 public:
  Decompressor() : context_(ZSTD_createDCtx()) {
    if (!context_) {
      throw std::bad_alloc();
    }
  }

  /// Whether the input may end here.
  bool between_frames() const { return rest_of_frame_ == 0; }

  /// Decompresses from `input` at most one block behind `out`; moves the input on.
  void run(ByteSpan& input, std::string& out, const std::string& where) {
    const std::size_t before = out.size();
    out.resize(before + block_size);
    ZSTD_inBuffer from = {input.data(), input.size(), 0};
    ZSTD_outBuffer to = {out.data() + before, block_size, 0};
    rest_of_frame_ = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(rest_of_frame_) != 0) {
      throw Error(Code::corrupt,
                  fmt::format("{}: zstd: {}", where, ZSTD_getErrorName(rest_of_frame_)),
                  "copy or make the file again");
    }
    out.resize(before + to.pos);
    input = input.subspan(from.pos);
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  std::size_t rest_of_frame_ = 0;  // a guess at the bytes that its end still needs
};

}  // namespace

/// The file's bytes in blocks, as they are or decompressed.
class LineReader::Source {
 public:
  explicit Source(const std::filesystem::path& path) : file_(path) {
    if (path.extension() == ".zst") {
      decompressor_.emplace();
    }
  }

  /// Appends a block to `out`; false when the file is at its end.
  bool append_block(std::string& out) {
    if (!decompressor_) {
      const std::size_t before = out.size();
      const ByteSpan block = read_block();
      out.append(reinterpret_cast<const char*>(block.data()), block.size());
      return out.size() > before;
    }
    const std::size_t before = out.size();
    while (out.size() == before) {
      if (input_.empty()) {
        input_ = read_block();
      }
      if (input_.empty() && decompressor_->between_frames()) {
        return false;
      }
      const bool drained = input_.empty();
      decompressor_->run(input_, out, file_.path().string());
      if (drained && out.size() == before) {
        throw Error(Code::truncated, file_.path().string() + " ends inside a zstd frame",
                    "copy or make the file again");
      }
    }
    return true;
  }

 private:
  ByteSpan read_block() {
    block_.resize(std::min<std::uint64_t>(block_size, file_.size() - offset_));
    file_.read_at(offset_, block_);
    offset_ += block_.size();
    return block_;
  }

  File file_;
  std::uint64_t offset_ = 0;  // of the next block
  std::vector<std::uint8_t> block_;
  ByteSpan input_;  // of block_, not yet decompressed
  std::optional<Decompressor> decompressor_;
};

InputKind kind_of(const std::filesystem::path& path) {
  const std::filesystem::path extension = without_zst(path).extension();
  if (extension == ".txt") {
    return InputKind::text;
  }
  if (extension == ".jsonl") {
    return InputKind::tasks;
  }
  throw Error(Code::bad_argument,
              fmt::format("{} is neither text nor a task file by its name", path.string()),
              "name it .txt or .jsonl, or either with .zst behind it");
}

std::string name_of(const std::filesystem::path& path) {
  return without_zst(path).stem().string();
}

LineReader::LineReader(const std::filesystem::path& path)
    : path_(path), source_(std::make_unique<Source>(path)) {}
LineReader::~LineReader() = default;

bool LineReader::refill() {
  held_.erase(0, used_);
  used_ = 0;
  if (held_.size() > longest_line) {
    throw Error(Code::over_limit, fmt::format("{}, line {}: longer than {} bytes", path_.string(),
                                              number_ + 1, longest_line));
  }
  return source_->append_block(held_);
}

bool LineReader::next(std::string& line) {
  if (!next_raw(line)) {
    return false;
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  if (line.starts_with(byte_order_mark)) {
    line.erase(0, byte_order_mark.size());
  }
  return true;
}

bool LineReader::next_raw(std::string& line) {
  std::size_t searched = used_;
  while (true) {
    const std::size_t end = held_.find('\n', searched);
    if (end != std::string::npos) {
      line.assign(held_, used_, end - used_);
      used_ = end + 1;
      ++number_;
      return true;
    }
    const std::size_t unfinished = held_.size() - used_;
    if (!refill()) {
      line = std::move(held_);
      held_.clear();
      number_ += unfinished > 0 ? 1 : 0;
      return unfinished > 0;
    }
    searched = unfinished;
  }
}

std::string LineReader::where() const {
  return fmt::format("{}, line {}", path_.string(), number_);
}

}  // namespace crayon::train
