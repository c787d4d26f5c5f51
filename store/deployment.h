#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "store/golden.h"

namespace crayon::store {

inline constexpr const char* model_role = "model";
inline constexpr const char* pool_role = "pool";

/// One bundle of a deployment.
struct Member {
  std::string role;  ///< "model", "pool", or an adapter's name; its file is ROLE.crayon
  formats::Hash id{};
  std::uint64_t release = 0;
  std::optional<formats::KeyId> signer;
  std::uint64_t bytes = 0;        ///< of its file
  bool unsigned_allowed = false;  ///< whoever installed it said so
  bool operator==(const Member&) const = default;
};

/// Bundles that were installed together and are used together: a model and what belongs to it, in a
/// folder of their own. Complete once its description is there, which is written last.
struct Deployment {
  std::uint64_t number = 0;
  std::filesystem::path folder;
  std::vector<Member> members;
  std::optional<Golden> golden;

  /// Null when there is none.
  const Member* find(const std::string& role) const;
  std::filesystem::path file(const std::string& role) const;
  bool has_content_of(const Deployment& other) const;
};

/// Whether a deployment in that folder is complete.
bool is_complete(const std::filesystem::path& folder);

/// Throws not_found when it is not complete, and malformed, naming file and field.
Deployment read_deployment(const std::filesystem::path& folder, std::uint64_t number);

/// Completes the deployment, whose bundles are in its folder already.
void write_deployment(const Deployment& deployment);

/// Removes it; from the first step on it is no deployment any more.
void remove_deployment(const std::filesystem::path& folder);

}  // namespace crayon::store
