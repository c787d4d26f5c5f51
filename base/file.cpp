#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/system_error.h"

namespace crayon {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

/// The way to a file without a name. Takes no memory, so that nobody who holds a descriptor can
/// lose it here.
class LinkTo {
 public:
  explicit LinkTo(int descriptor) {
    *fmt::format_to_n(path_.data(), path_.size() - 1, "/proc/self/fd/{}", descriptor).out = '\0';
  }
  const char* path() const { return path_.data(); }

 private:
  std::array<char, 32> path_;
};

// For writing. -1 where there is no such thing, or no way to name it later.
int open_nameless(const std::filesystem::path& folder, mode_t mode) {
  const int descriptor = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
  if (descriptor >= 0 && ::access(LinkTo(descriptor).path(), F_OK) != 0) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

}  // namespace

File::File(const std::filesystem::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw_system_error("open", path, errno);
  }
  struct stat status = {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  const int error = known ? EISDIR : errno;
  if (!known || S_ISDIR(status.st_mode)) {
    ::close(descriptor_);
    throw_system_error("read", path, error);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

File::~File() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

void File::read_at(std::uint64_t offset, MutableByteSpan out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw_system_error("read", path_, errno);
    }
    if (count == 0) {
      throw Error(Code::truncated,
                  fmt::format("{} ends at byte {}, {} bytes before what it promises",
                              path_.string(), offset, out.size()),
                  "copy or download the file again");
    }
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

AtomicFile::AtomicFile(const std::filesystem::path& path, Readers readers)
    : path_(path), temporary_(path.string() + fmt::format(".{}.part", ::getpid())) {
  // A rename would put a file in the place of a device or a folder.
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw Error(Code::bad_argument, fmt::format("{} is not a regular file", path.string()),
                "name a file to write");
  }
  const auto mode = static_cast<mode_t>(readers);
  descriptor_ = open_nameless(folder_of(path_), mode);
  if (descriptor_ < 0) {
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    named_ = true;
  }
  if (descriptor_ < 0) {
    throw_system_error("create", path_, errno);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    if (named_) {
      ::unlink(temporary_.c_str());
    }
  }
}

void AtomicFile::write(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw_system_error("write", path_, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    position_ += static_cast<std::uint64_t>(count);
  }
}

void AtomicFile::name_temporary() {
  ::unlink(temporary_.c_str());  // of a process that had this one's number, once
  if (::linkat(AT_FDCWD, LinkTo(descriptor_).path(), AT_FDCWD, temporary_.c_str(),
               AT_SYMLINK_FOLLOW) != 0) {
    throw_system_error("name", temporary_, errno);
  }
  named_ = true;
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) {
    throw_system_error("sync", path_, errno);
  }
  if (!named_) {
    name_temporary();
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw_system_error("rename into place", path_, errno);
  }
  ::close(std::exchange(descriptor_, -1));
  sync_folder(folder_of(path_));
}

void sync_file(const std::filesystem::path& path) {
  const File file(path);
  if (::fsync(file.descriptor()) != 0) {
    throw_system_error("sync", path, errno);
  }
}

void copy_bytes(const File& from, std::uint64_t count, AtomicFile& to,
                const std::function<void(std::uint64_t)>& progress) {
  constexpr std::uint64_t piece_size = 1u << 20;
  std::vector<std::uint8_t> piece(std::min(count, piece_size));
  for (std::uint64_t done = 0; done < count; done += piece_size) {
    const MutableByteSpan part(piece.data(), std::min(piece_size, count - done));
    from.read_at(done, part);
    to.write(part);
    if (progress) {
      progress(done + part.size());
    }
  }
}

void write_text(const std::filesystem::path& path, std::string_view text, Readers readers) {
  AtomicFile file(path, readers);
  file.write(as_bytes(text));
  file.commit();
}

std::string read_text(const std::filesystem::path& path, std::uint64_t limit) {
  const File file(path);
  if (file.size() > limit) {
    throw Error(Code::over_limit, fmt::format("{} has {} bytes, more than the {} that are allowed",
                                              path.string(), file.size(), limit));
  }
  std::string text(file.size(), '\0');
  file.read_at(0, as_writable_bytes(std::span<char>(text)));
  return text;
}

}  // namespace crayon
