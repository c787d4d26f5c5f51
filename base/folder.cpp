#include "base/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/system_error.h"

namespace crayon {
namespace {

constexpr mode_t folder_mode = 0755;

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

int open_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    throw_system_error("open folder", folder, errno);
  }
  return descriptor;
}

}  // namespace

void make_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), folder_mode) != 0) {
    const int error = errno;
    if (error != EEXIST || !std::filesystem::is_directory(folder)) {
      throw_system_error("make folder", folder, error);
    }
    return;
  }
  sync_folder(parent_of(folder));
}

std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder) {
  // Not std::filesystem's iterator, which ends the process when it finds no memory.
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (open == nullptr) {
    throw_system_error("list", folder, errno);
  }
  std::vector<std::filesystem::path> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      entries.push_back(folder / name);
    }
    errno = 0;
  }
  if (errno != 0) {
    throw_system_error("list", folder, errno);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(open_folder(folder));
  // Some file systems have no fsync for folders; they answer EINVAL and order renames themselves.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) {
    throw_system_error("sync folder", folder, errno);
  }
}

void remove_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
    throw_system_error("remove", file, errno);
  }
}

void remove_folder(const std::filesystem::path& folder) {
  for (const std::filesystem::path& file : list_folder(folder)) {
    remove_file(file);
  }
  if (::rmdir(folder.c_str()) != 0) {
    throw_system_error("remove folder", folder, errno);
  }
  sync_folder(parent_of(folder));
}

void replace_link(const std::filesystem::path& link, const std::filesystem::path& target) {
  const std::filesystem::path temporary = link.string() + fmt::format(".{}.part", ::getpid());
  remove_file(temporary);  // of a process that had this one's number, once
  if (::symlink(target.c_str(), temporary.c_str()) != 0) {
    throw_system_error("link", link, errno);
  }
  if (::rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    throw_system_error("rename into place", link, error);
  }
  sync_folder(parent_of(link));
}

bool link_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) {
    return true;
  }
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP) {
    return false;
  }
  throw_system_error("link", to, errno);
}

std::uint64_t free_bytes(const std::filesystem::path& path) {
  struct statvfs status = {};
  if (::statvfs(path.c_str(), &status) != 0) {
    throw_system_error("ask for the free space of", path, errno);
  }
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

FolderLock::FolderLock(const std::filesystem::path& folder) : descriptor_(open_folder(folder)) {
  if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      throw_system_error("lock", folder, errno);
    }
    throw Error(Code::io, fmt::format("another process is changing {}", folder.string()),
                "try again when it has finished");
  }
}

}  // namespace crayon
