#include "store/deployment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/folder.h"
#include "store/text_file.h"

namespace crayon::store {
namespace {

constexpr const char* format = "crayon-deployment 1";
constexpr std::uint64_t max_size = 1u << 20;
constexpr const char* no_signer = "-";

std::filesystem::path description_in(const std::filesystem::path& folder) {
  return folder / "deployment.txt";
}

std::filesystem::path golden_in(const std::filesystem::path& folder) {
  return folder / "golden.txt";
}

// bundle ROLE ID BYTES RELEASE SIGNER signed|unsigned-allowed
Member read_member(const TextFile& file, const Record& record) {
  if (record.values.size() != 6) {
    file.fail(record.field, "followed by 6 values");
  }
  Member member;
  member.role = record.values[0];
  file.hex(record, 1, member.id);
  member.bytes = file.number(record, 2);
  member.release = file.number(record, 3);
  if (record.values[4] != no_signer) {
    file.hex(record, 4, member.signer.emplace());
  }
  member.unsigned_allowed = record.values[5] == "unsigned-allowed";
  return member;
}

std::string to_line(const Member& member) {
  return fmt::format("bundle {} {} {} {} {} {}\n", member.role, formats::to_hex(member.id),
                     member.bytes, member.release,
                     member.signer ? formats::to_hex(*member.signer) : no_signer,
                     member.unsigned_allowed ? "unsigned-allowed" : "signed");
}

}  // namespace

const Member* Deployment::find(const std::string& role) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.role == role; });
  return found == members.end() ? nullptr : &*found;
}

std::filesystem::path Deployment::file(const std::string& role) const {
  return folder / (role + ".crayon");
}

bool Deployment::has_content_of(const Deployment& other) const {
  return golden == other.golden && std::ranges::is_permutation(members, other.members);
}

bool is_complete(const std::filesystem::path& folder) {
  return std::filesystem::exists(description_in(folder));
}

Deployment read_deployment(const std::filesystem::path& folder, std::uint64_t number) {
  const TextFile file(description_in(folder), max_size, format);
  Deployment deployment;
  deployment.number = number;
  deployment.folder = folder;
  for (const Record& record : file.records()) {
    if (record.field == "bundle") {
      deployment.members.push_back(read_member(file, record));
    }
  }
  if (deployment.find(model_role) == nullptr) {
    file.fail("bundle", "there for a model");
  }
  if (std::filesystem::exists(golden_in(folder))) {
    deployment.golden = read_golden(golden_in(folder));
  }
  return deployment;
}

void write_deployment(const Deployment& deployment) {
  if (deployment.golden) {
    write_golden(golden_in(deployment.folder), *deployment.golden);
  }
  std::string text = std::string(format) + "\n";
  for (const Member& member : deployment.members) {
    text += to_line(member);
  }
  write_text(description_in(deployment.folder), text);
}

void remove_deployment(const std::filesystem::path& folder) {
  remove_file(description_in(folder));
  sync_folder(folder);
  remove_folder(folder);
}

}  // namespace crayon::store
