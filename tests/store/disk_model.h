#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/store/system_calls.h"

namespace crayon::test {

/// What a disk holds: files, links and folders by number. Number 0 is the folder at the top.
struct Disk {
  struct Node {
    enum class Kind : std::uint8_t { file, link, folder } kind = Kind::file;
    std::string bytes;                 ///< of a file; the target of a link
    std::map<std::string, int> names;  ///< of a folder
  };
  std::map<int, Node> nodes;
};

/// The content of a folder as it lies there, all of it kept for good.
Disk read_disk(const std::filesystem::path& folder);
/// Makes `folder` afresh.
void write_disk(const Disk& disk, const std::filesystem::path& folder);

/// One change of a disk.
struct Change {
  enum class Kind : std::uint8_t { make, write, sync, add, remove, rename } kind;
  int node = 0;          ///< that is made, written or synced; the folder that a name is in
  int other = 0;         ///< what a name in it is for
  std::string name;      ///< added, removed, or renamed
  std::string new_name;  ///< of a rename
  std::string bytes;     ///< that a write appends
  Disk::Node made = {};
};

/// What a power cut leaves of changes that were not synced.
enum class Unsynced : std::uint8_t {
  lost,        ///< nothing: files and folders are as they were when they were synced last
  names_kept,  ///< names, but no bytes: files of the right name with nothing in them
  kept,        ///< all
  some,        ///< of each file and folder, a random number of the first ones; a write may be torn
};

/// The disk `start` after `changes` and a power cut.
Disk after_power_cut(const Disk& start, const std::vector<Change>& changes, std::size_t count,
                     Unsynced unsynced, Random& random);

/// Writes down the changes that system calls make below a folder.
class ChangeRecorder final : public FileWatcher {
 public:
  /// `start` is what the folder holds.
  ChangeRecorder(std::filesystem::path folder, const Disk& start);

  std::vector<Change> take() { return std::move(changes_); }

  void on_nameless(int descriptor) override;
  void on_open(int descriptor, const std::string& path, bool created) override;
  void on_close(int descriptor) override;
  void on_write(int descriptor, const void* bytes, std::size_t count) override;
  void on_sync(int descriptor) override;
  void on_name(int descriptor, const std::string& path) override;
  void on_link(const std::string& from, const std::string& to) override;
  void on_symlink(const std::string& target, const std::string& path) override;
  void on_rename(const std::string& from, const std::string& to) override;
  void on_unlink(const std::string& path) override;
  void on_make_folder(const std::string& path) override;

 private:
  bool is_below(const std::string& path) const;
  /// The number of what lies at `path`; -1 when nothing does.
  int find(const std::filesystem::path& path) const;
  int make(Disk::Node node);
  void change(Change change);
  void add(const std::string& path, int node);

  std::filesystem::path folder_;
  Disk now_;
  std::map<int, int> open_;  // descriptor -> node
  std::vector<Change> changes_;
};

}  // namespace crayon::test
