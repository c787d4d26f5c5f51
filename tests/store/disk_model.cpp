#include "tests/store/disk_model.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/file.h"
#include "base/folder.h"

namespace crayon::test {
namespace {

using Kind = Change::Kind;

int read_node(const std::filesystem::path& path, Disk& disk) {
  const int number = static_cast<int>(disk.nodes.size());
  disk.nodes[number];
  Disk::Node node;
  if (std::filesystem::is_symlink(path)) {
    node = {Disk::Node::Kind::link, std::filesystem::read_symlink(path).string(), {}};
  } else if (std::filesystem::is_directory(path)) {
    node.kind = Disk::Node::Kind::folder;
    for (const std::filesystem::path& entry : list_folder(path)) {  // sorted: numbers are the same
      node.names[entry.filename().string()] = read_node(entry, disk);
    }
  } else {
    node.bytes = read_text(path, std::uint64_t{1} << 30);
  }
  disk.nodes[number] = std::move(node);
  return number;
}

void write_node(const Disk& disk, int number, const std::filesystem::path& path) {
  const Disk::Node& node = disk.nodes.at(number);
  switch (node.kind) {
    case Disk::Node::Kind::file:
      write_text(path, node.bytes);
      return;
    case Disk::Node::Kind::link:
      std::filesystem::create_symlink(node.bytes, path);
      return;
    case Disk::Node::Kind::folder:
      std::filesystem::create_directory(path);
      for (const auto& [name, child] : node.names) {
        write_node(disk, child, path / name);
      }
  }
}

void apply(const Change& change, Disk& disk) {
  Disk::Node& node = disk.nodes[change.node];
  switch (change.kind) {
    case Kind::make:
      node = change.made;
      return;
    case Kind::write:
      node.bytes += change.bytes;
      return;
    case Kind::sync:
      return;
    case Kind::add:
      node.names[change.name] = change.other;
      return;
    case Kind::remove:
      node.names.erase(change.name);
      return;
    case Kind::rename:
      node.names[change.new_name] = node.names.at(change.name);
      node.names.erase(change.name);
  }
}

/// How many of the changes of one node that were not synced are there afterwards.
std::size_t kept_of(const std::vector<Change>& pending, Unsynced unsynced, Random& random) {
  switch (unsynced) {
    case Unsynced::lost:
      return 0;
    case Unsynced::names_kept:
      return pending.front().kind == Kind::write ? 0 : pending.size();
    case Unsynced::kept:
      return pending.size();
    case Unsynced::some:
      return random.below(pending.size() + 1);
  }
  return 0;
}

}  // namespace

Disk read_disk(const std::filesystem::path& folder) {
  Disk disk;
  read_node(folder, disk);
  return disk;
}

void write_disk(const Disk& disk, const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  write_node(disk, 0, folder);
}

Disk after_power_cut(const Disk& start, const std::vector<Change>& changes, std::size_t count,
                     Unsynced unsynced, Random& random) {
  Disk disk = start;
  std::map<int, std::vector<Change>> pending;
  for (std::size_t i = 0; i < count; ++i) {
    const Change& change = changes[i];
    if (change.kind == Kind::make) {
      apply(change, disk);  // nobody finds it without a name
    } else if (change.kind == Kind::sync) {
      for (const Change& kept : pending[change.node]) {
        apply(kept, disk);
      }
      pending.erase(change.node);
    } else {
      pending[change.node].push_back(change);
    }
  }
  for (const auto& [node, list] : pending) {
    const std::size_t kept = kept_of(list, unsynced, random);
    for (std::size_t i = 0; i < kept; ++i) {
      apply(list[i], disk);
    }
    if (unsynced == Unsynced::some && kept < list.size() && list[kept].kind == Kind::write) {
      Change torn = list[kept];
      torn.bytes.resize(random.below(torn.bytes.size() + 1));
      apply(torn, disk);
    }
  }
  return disk;
}

ChangeRecorder::ChangeRecorder(std::filesystem::path folder, const Disk& start)
    : folder_(std::move(folder)), now_(start) {}

bool ChangeRecorder::is_below(const std::string& path) const {
  return path == folder_.string() || path.starts_with(folder_.string() + "/");
}

int ChangeRecorder::find(const std::filesystem::path& path) const {
  int number = 0;
  for (const auto& name : path.lexically_relative(folder_)) {
    if (name == ".") {
      continue;
    }
    const Disk::Node& node = now_.nodes.at(number);
    const auto found = node.names.find(name.string());
    if (found == node.names.end()) {
      return -1;
    }
    number = found->second;
  }
  return number;
}

int ChangeRecorder::make(Disk::Node node) {
  const int number = now_.nodes.rbegin()->first + 1;
  change({.kind = Kind::make,
          .node = number,
          .name = {},
          .new_name = {},
          .bytes = {},
          .made = std::move(node)});
  return number;
}

void ChangeRecorder::change(Change change) {
  apply(change, now_);
  changes_.push_back(std::move(change));
}

void ChangeRecorder::add(const std::string& path, int node) {
  const std::filesystem::path place = path;
  change({.kind = Kind::add,
          .node = find(place.parent_path()),
          .other = node,
          .name = place.filename().string(),
          .new_name = {},
          .bytes = {}});
}

void ChangeRecorder::on_nameless(int descriptor) {
  open_[descriptor] = make({});
}

void ChangeRecorder::on_open(int descriptor, const std::string& path, bool created) {
  if (!is_below(path)) {
    return;
  }
  if (created) {
    open_[descriptor] = make({});
    add(path, open_[descriptor]);
  } else {
    open_[descriptor] = find(path);
  }
}

void ChangeRecorder::on_close(int descriptor) {
  open_.erase(descriptor);
}

void ChangeRecorder::on_write(int descriptor, const void* bytes, std::size_t count) {
  if (const auto found = open_.find(descriptor); found != open_.end()) {
    change({.kind = Kind::write,
            .node = found->second,
            .name = {},
            .new_name = {},
            .bytes = {static_cast<const char*>(bytes), count}});
  }
}

void ChangeRecorder::on_sync(int descriptor) {
  if (const auto found = open_.find(descriptor); found != open_.end()) {
    change({.kind = Kind::sync, .node = found->second, .name = {}, .new_name = {}, .bytes = {}});
  }
}

void ChangeRecorder::on_name(int descriptor, const std::string& path) {
  if (is_below(path)) {
    add(path, open_.at(descriptor));
  }
}

void ChangeRecorder::on_link(const std::string& from, const std::string& to) {
  if (is_below(to)) {
    add(to, find(from));
  }
}

void ChangeRecorder::on_symlink(const std::string& target, const std::string& path) {
  if (is_below(path)) {
    add(path, make({Disk::Node::Kind::link, target, {}}));
  }
}

void ChangeRecorder::on_rename(const std::string& from, const std::string& to) {
  if (!is_below(to)) {
    return;
  }
  const std::filesystem::path old_place = from;
  const std::filesystem::path new_place = to;
  if (old_place.parent_path() != new_place.parent_path()) {
    std::abort();  // two folders would have to be synced, which nothing here does
  }
  change({.kind = Kind::rename,
          .node = find(old_place.parent_path()),
          .name = old_place.filename().string(),
          .new_name = new_place.filename().string(),
          .bytes = {}});
}

void ChangeRecorder::on_unlink(const std::string& path) {
  if (is_below(path)) {
    const std::filesystem::path place = path;
    change({.kind = Kind::remove,
            .node = find(place.parent_path()),
            .name = place.filename().string(),
            .new_name = {},
            .bytes = {}});
  }
}

void ChangeRecorder::on_make_folder(const std::string& path) {
  if (is_below(path)) {
    add(path, make({Disk::Node::Kind::folder, {}, {}}));
  }
}

}  // namespace crayon::test
