#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace crayon {

/// A file that is open for reading.
class File {
 public:
  /// Throws not_found or io.
  explicit File(const std::filesystem::path& path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Bytes in the file when it was opened.
  std::uint64_t size() const { return size_; }

  /// For the other files of base/.
  int descriptor() const { return descriptor_; }

  /// Fills `out` from `offset`; throws truncated when the file ends first. Safe to call from
  /// several threads.
  void read_at(std::uint64_t offset, MutableByteSpan out) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Who may read a new file, as far as the user's umask lets them.
enum class Readers : std::uint32_t { everyone = 0644, owner = 0600 };

/// A file that appears whole or not at all: bytes go to a file without a name, and commit() syncs
/// it, names it and renames it into place. Without commit() nothing is left behind, even when the
/// process is killed. File systems that have no nameless files get a temporary neighbour, which a
/// killed process leaves.
class AtomicFile {
 public:
  /// Throws bad_argument when `path` is there and is not a regular file, not_found or io.
  explicit AtomicFile(const std::filesystem::path& path, Readers readers = Readers::everyone);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends; throws no_space or io.
  void write(ByteSpan bytes);
  /// Bytes written so far.
  std::uint64_t position() const { return position_; }
  void commit();

 private:
  void name_temporary();

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< a neighbour of path_
  int descriptor_ = -1;
  bool named_ = false;  ///< whether the bytes are at temporary_
  std::uint64_t position_ = 0;
};

/// Makes the bytes of a file survive a power cut, whoever wrote them; throws not_found or io.
void sync_file(const std::filesystem::path& path);

/// Appends the first `count` bytes of `from`. `progress`, unless empty, gets the bytes copied so
/// far.
void copy_bytes(const File& from, std::uint64_t count, AtomicFile& to,
                const std::function<void(std::uint64_t)>& progress = {});

/// Writes a text file whole or not at all; throws what AtomicFile does.
void write_text(const std::filesystem::path& path, std::string_view text,
                Readers readers = Readers::everyone);

/// A whole file as text; throws over_limit when it is larger than `limit` bytes.
std::string read_text(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace crayon
