#include "store/store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/folder.h"
#include "base/system_files.h"
#include "store/installation.h"

namespace crayon::store {
namespace {

/// The number that `name` is written as; none for any other name.
std::optional<std::uint64_t> number_of(const std::string& name) {
  const std::optional<std::uint64_t> number = parse_number(name);
  return number && fmt::to_string(*number) == name ? number : std::nullopt;
}

/// What a process that was killed left half-done in a folder.
void remove_parts(const std::filesystem::path& folder) {
  for (const std::filesystem::path& entry : list_folder(folder)) {
    if (entry.extension() == ".part") {
      remove_file(entry);
    }
  }
}

void make_folder_and_parents(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) {
    make_folder_and_parents(folder.parent_path());
    make_folder(folder);
  }
}

/// Links of this kind are for people and scripts; the truth is the state.
void point_to_deployment(const std::filesystem::path& link, std::uint64_t number) {
  const std::filesystem::path target =
      std::filesystem::path("deployments") / fmt::to_string(number);
  std::error_code none;
  if (std::filesystem::read_symlink(link, none) != target) {
    replace_link(link, target);
  }
}

}  // namespace

std::filesystem::path Store::folder_of(std::uint64_t number) const {
  return deployments_folder() / fmt::to_string(number);
}

/// Of all deployments, complete or not, ascending.
std::vector<std::uint64_t> Store::numbers() const {
  std::vector<std::uint64_t> numbers;
  if (std::filesystem::exists(deployments_folder())) {
    for (const std::filesystem::path& entry : list_folder(deployments_folder())) {
      if (const auto number = number_of(entry.filename().string())) {
        numbers.push_back(*number);
      }
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<Deployment> Store::deployments() const {
  std::vector<Deployment> complete;
  for (const std::uint64_t number : numbers()) {
    if (is_complete(folder_of(number))) {
      complete.push_back(read_deployment(folder_of(number), number));
    }
  }
  return complete;
}

Deployment Store::deployment(std::uint64_t number) const {
  if (!is_complete(folder_of(number))) {
    std::vector<std::uint64_t> there = numbers();
    std::erase_if(there, [&](std::uint64_t other) { return !is_complete(folder_of(other)); });
    throw Error(Code::bad_argument, fmt::format("{} has no deployment {}", root_.string(), number),
                there.empty() ? "install a model first: crayon install"
                              : fmt::format("it has {}", fmt::join(there, ", ")));
  }
  return read_deployment(folder_of(number), number);
}

std::optional<Deployment> Store::active() const {
  const State now = state();
  return now.active == 0 ? std::nullopt : std::optional(deployment(now.active));
}

void Store::make_folders() const {
  make_folder_and_parents(std::filesystem::absolute(root_));
  make_folder(keys_folder());
  make_folder(deployments_folder());
}

void Store::trust(const formats::PublicKey& key) {
  make_folders();
  const FolderLock lock(root_);
  repair();
  formats::write_public_key(key_file(keys_folder(), key.id()), key);
}

void Store::distrust(const std::string& key_id) {
  const FolderLock lock(root_);
  repair();
  const KeyRing ring = keys();
  for (const formats::PublicKey& key : ring.keys()) {
    if (formats::to_hex(key.id()) == key_id) {
      remove_file(key_file(keys_folder(), key.id()));
      sync_folder(keys_folder());
      return;
    }
  }
  throw Error(Code::bad_argument, fmt::format("the key {} is not trusted here", key_id),
              "crayon status shows the keys that are");
}

/// Ends what a power cut or a kill interrupted.
void Store::repair() const {
  remove_parts(root_);
  remove_parts(keys_folder());
  const State now = state();
  if (now.active != 0) {
    point_to_deployment(root_ / "active", now.active);
  }
  for (const std::uint64_t number : numbers()) {
    if (!is_complete(folder_of(number))) {
      remove_folder(folder_of(number));
    } else {
      remove_parts(folder_of(number));
    }
  }
}

void Store::remove_all_but(const std::vector<std::uint64_t>& kept) const {
  for (const std::uint64_t number : numbers()) {
    if (std::find(kept.begin(), kept.end(), number) == kept.end()) {
      remove_deployment(folder_of(number));
    }
  }
}

Deployment Store::install(const Request& request, const NeedsOf& needs_of,
                          const Progress& progress) {
  make_folders();
  const FolderLock lock(root_);
  repair();
  const State now = state();
  const KeyRing trusted = keys();
  const Installation installation(request, now, trusted, active());
  const std::vector<std::uint64_t> there = numbers();
  const std::uint64_t newest = std::max(there.empty() ? 0 : there.back(), now.active);
  if (!there.empty()) {
    const Deployment last = deployment(there.back());
    if (last.has_content_of(installation.content())) {
      installation.remove_sources();
      return last;
    }
  }
  installation.check_room(root_, needs_of);
  const std::uint64_t number = newest + 1;
  make_folder(folder_of(number));
  try {
    const Deployment deployment = installation.write(number, folder_of(number), progress);
    installation.remove_sources();
    remove_all_but({now.active, now.previous, number});
    return deployment;
  } catch (...) {
    if (!is_complete(folder_of(number))) {
      std::error_code ignored;
      std::filesystem::remove_all(folder_of(number), ignored);  // or the next one repairs it
    }
    throw;
  }
}

void Store::switch_to(const Deployment& deployment, const HealthCheck& check) {
  const KeyRing trusted = keys();
  for (const Member& member : deployment.members) {
    trusted.check(formats::Bundle::open(deployment.file(member.role)), member.unsigned_allowed);
  }
  check(deployment);
  State next = state();
  if (next.active != deployment.number) {
    next.previous = next.active;
    next.active = deployment.number;
    for (const Member& member : deployment.members) {
      std::uint64_t& highest = next.releases[member.role];
      highest = std::max(highest, member.release);
    }
    write_state(root_, next);
  }
  point_to_deployment(root_ / "active", next.active);
}

void Store::activate(std::uint64_t number, const HealthCheck& check) {
  const FolderLock lock(root_);
  repair();
  switch_to(deployment(number), check);
  const State now = state();
  const std::vector<std::uint64_t> all = numbers();
  remove_all_but({now.active, now.previous, std::max(now.active, all.back())});
}

Deployment Store::rollback(const HealthCheck& check) {
  const std::uint64_t previous = state().previous;
  if (previous == 0) {
    throw Error(Code::bad_argument, fmt::format("{} has no previous deployment", root_.string()),
                "crayon status shows what there is");
  }
  activate(previous, check);
  return deployment(previous);
}

std::filesystem::path model_file(const std::filesystem::path& path) {
  const bool is_store =
      std::filesystem::is_directory(path) && std::filesystem::is_directory(path / "deployments");
  if (!is_store) {
    return path;
  }
  const std::optional<Deployment> active = Store(path).active();
  if (!active) {
    throw Error(Code::not_found, fmt::format("nothing is active in {}", path.string()),
                "crayon activate --root " + path.string());
  }
  return active->file(model_role);
}

}  // namespace crayon::store
