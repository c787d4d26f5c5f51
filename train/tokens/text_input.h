#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace crayon::train {

/// What a file of training text holds, by its name; .zst may stand behind it.
enum class InputKind : std::uint8_t {
  text,   ///< .txt: documents, see for_each_document()
  tasks,  ///< .jsonl: task items, see runtime/eval/task_file.h
};

/// Throws bad_argument for another name.
InputKind kind_of(const std::filesystem::path& path);

/// The file's name without its endings: what examples are called whose file names no task.
std::string name_of(const std::filesystem::path& path);

/// The lines of a file, which is decompressed while it is read where its name ends in .zst.
class LineReader {
 public:
  /// Throws not_found or io.
  explicit LineReader(const std::filesystem::path& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line; false at the end. Line breaks, of either kind, and byte order marks in front
  /// of a line are left out: neither is to be learnt. Throws corrupt or truncated for what is not
  /// zstd, and over_limit above 64 MiB.
  bool next(std::string& line);
  /// "FILE, line N" of the line that next() gave last.
  std::string where() const;

 private:
  class Source;
  bool next_raw(std::string& line);
  bool refill();

  std::filesystem::path path_;
  std::unique_ptr<Source> source_;
  std::string held_;      // decompressed, not yet handed out
  std::size_t used_ = 0;  // bytes of it that were
  std::size_t number_ = 0;
};

}  // namespace crayon::train
