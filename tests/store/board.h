#pragma once

#include <filesystem>
#include <vector>

#include "formats/signature.h"
#include "store/store.h"
#include "tests/support/support.h"

namespace crayon::test {

/// Small bundles as a publisher signs them.
class Publisher {
 public:
  Publisher();

  const formats::SecretKey& key() const { return key_; }
  const std::filesystem::path& folder() const { return dir_.path(); }
  /// Release `number` of the model, from 1 on; all are different.
  std::filesystem::path model(std::uint64_t number) const;
  /// An adapter for that model, of the same number.
  std::filesystem::path adapter(std::uint64_t model_number) const;
  /// Another one for model 2, not among what prepare_board() installs.
  std::filesystem::path other_adapter() const { return dir_ / "other.crayon"; }
  formats::Hash model_id(std::uint64_t number) const;

  static constexpr std::uint64_t models = 4;

 private:
  TempDir dir_;
  formats::SecretKey key_;
};

/// One for all tests of a program.
const Publisher& publisher();

/// Needs nothing, and takes no notice.
store::Needs no_needs(const formats::Bundle& model);
void no_progress(const std::string& what, std::uint64_t done, std::uint64_t all);

/// What a deployment's model says: logits of one prompt.
std::vector<float> answer_of(const std::filesystem::path& model);
/// As the program does before a switch: leaves the packed image, and lets the model answer.
void check_health(const store::Deployment& deployment);

/// Installs and activates.
void update(const std::filesystem::path& root, const std::vector<std::filesystem::path>& bundles,
            bool move = false);

/// A store that trusts the publisher and where release 1 and 2 were activated.
void prepare_board(const std::filesystem::path& root);

}  // namespace crayon::test
