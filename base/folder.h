#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/descriptor.h"

namespace crayon {

// Changes of folders that survive a power cut once the function has returned, and that are there
// whole or not at all before. All throw not_found, no_space or io.

/// Makes `folder` in a parent that is there; a folder that is there already is no error.
void make_folder(const std::filesystem::path& folder);

/// What lies in `folder`, with its path, sorted.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder);

/// Makes names in `folder`, those that went included, survive a power cut.
void sync_folder(const std::filesystem::path& folder);

/// Removes a file or a symbolic link; one that is not there is no error. Not synced.
void remove_file(const std::filesystem::path& file);

/// Removes a folder, which holds no folders, with its content.
void remove_folder(const std::filesystem::path& folder);

/// Lets the symbolic link at `link` point to `target`, in the place of what it pointed to.
void replace_link(const std::filesystem::path& link, const std::filesystem::path& target);

/// Gives the file `from` a second name; false where the file system cannot, or it is another one.
/// Not synced.
bool link_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Bytes that a user without privileges may still write to the file system of `path`.
std::uint64_t free_bytes(const std::filesystem::path& path);

/// Keeps other processes out of a folder as long as it lives; the end of the process frees it.
class FolderLock {
 public:
  /// Throws io at once when another process holds the lock of `folder`.
  explicit FolderLock(const std::filesystem::path& folder);

 private:
  Descriptor descriptor_;
};

}  // namespace crayon
