#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/deployment.h"
#include "store/key_ring.h"
#include "store/needs.h"
#include "store/state.h"

namespace crayon::store {

/// A bundle that is to be installed.
struct Incoming {
  std::filesystem::path path;
  bool move = false;  ///< the file goes once all is installed
};

/// What is to be installed.
struct Request {
  std::vector<Incoming> bundles;  ///< at most one model and one pool, any adapters
  std::optional<std::filesystem::path> golden;
  bool allow_unsigned = false;  ///< although keys are trusted
  bool allow_older = false;     ///< than what was active
};

/// Sees how far a copy or a check has come: what, bytes done, bytes in all.
using Progress =
    std::function<void(const std::string& what, std::uint64_t done, std::uint64_t all)>;

/// Throws unhealthy, or anything, for a deployment that must not answer.
using HealthCheck = std::function<void(const Deployment& deployment)>;

/// The deployments on a board, one of which is active. docs/store.md has its files.
///
/// At every instant, power cuts and full disks included, the active one is whole: a deployment
/// counts once its description is there, which is written last; a switch is the rename of one small
/// file; and nothing that is active or previous is ever written to. Those who change a store lock
/// it; those who read it need not.
class Store {
 public:
  explicit Store(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  State state() const { return read_state(root_); }
  KeyRing keys() const { return KeyRing(keys_folder()); }
  /// Complete ones, the oldest first.
  std::vector<Deployment> deployments() const;
  /// Throws bad_argument when there is no such deployment.
  Deployment deployment(std::uint64_t number) const;
  /// None when nothing was activated.
  std::optional<Deployment> active() const;

  void trust(const formats::PublicKey& key);
  /// Throws bad_argument when the key is not trusted.
  void distrust(const std::string& key_id);

  /// Makes a deployment of what `request` brings and of what the active one has besides that still
  /// fits, and returns it. It is the newest one as it was when that holds the same. Checks, before
  /// anything is written: signatures (untrusted), releases (outdated), that adapters and pools name
  /// this model (wrong_base), space and memory; and afterwards every byte that was written.
  Deployment install(const Request& request, const NeedsOf& needs_of, const Progress& progress);

  /// Lets deployment `number` answer, once `check` has passed it; the one that did becomes the
  /// previous one, and older ones are removed. When anything throws, the active one stays.
  void activate(std::uint64_t number, const HealthCheck& check);
  /// The same with the previous one, which is returned. Throws bad_argument when there is none.
  Deployment rollback(const HealthCheck& check);

 private:
  std::filesystem::path keys_folder() const { return root_ / "keys"; }
  std::filesystem::path deployments_folder() const { return root_ / "deployments"; }
  std::filesystem::path folder_of(std::uint64_t number) const;
  std::vector<std::uint64_t> numbers() const;
  void make_folders() const;
  void repair() const;
  void remove_all_but(const std::vector<std::uint64_t>& kept) const;
  void switch_to(const Deployment& deployment, const HealthCheck& check);

  std::filesystem::path root_;
};

/// The file that a MODEL argument names: of a store's folder, the active deployment's model; else
/// `path` itself. Throws not_found for a store where nothing is active.
std::filesystem::path model_file(const std::filesystem::path& path);

}  // namespace crayon::store
