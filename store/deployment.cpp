#include "store/deployment.h"

#include <algorithm>

#include "base/folder.h"
#include "store/json_file.h"

namespace crayon::store {
namespace {

constexpr const char* format = "crayon-deployment-1";
constexpr std::uint64_t max_size = 4u << 20;

std::filesystem::path description_in(const std::filesystem::path& folder) {
  return folder / "deployment.json";
}

std::filesystem::path golden_in(const std::filesystem::path& folder) {
  return folder / "golden.json";
}

Member read_member(const JsonFile& file, const Json& object) {
  Member member;
  member.role = file.text(object, "role");
  file.hex(object, "id", member.id);
  member.release = file.number(object, "release");
  if (object.contains("signer")) {
    file.hex(object, "signer", member.signer.emplace());
  }
  member.bytes = file.number(object, "bytes");
  member.unsigned_allowed = file.boolean(object, "unsigned_allowed");
  return member;
}

Json to_json(const Member& member) {
  Json json = {{"role", member.role},
               {"id", formats::to_hex(member.id)},
               {"release", member.release},
               {"bytes", member.bytes},
               {"unsigned_allowed", member.unsigned_allowed}};
  if (member.signer) {
    json["signer"] = formats::to_hex(*member.signer);
  }
  return json;
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
  const JsonFile file(description_in(folder), max_size, format);
  Deployment deployment;
  deployment.number = number;
  deployment.folder = folder;
  for (const Json& object : file.list("bundles")) {
    if (!object.is_object()) {
      file.fail("bundles", "a list of objects");
    }
    deployment.members.push_back(read_member(file, object));
  }
  if (deployment.find(model_role) == nullptr) {
    file.fail("bundles", "a list with a model");
  }
  if (file.has("golden")) {
    deployment.golden = read_golden(golden_in(folder));
  }
  return deployment;
}

void write_deployment(const Deployment& deployment) {
  if (deployment.golden) {
    write_golden(golden_in(deployment.folder), *deployment.golden);
  }
  Json bundles = Json::array();
  for (const Member& member : deployment.members) {
    bundles.push_back(to_json(member));
  }
  Json json = {{"format", format}, {"bundles", bundles}};
  if (deployment.golden) {
    json["golden"] = golden_in(deployment.folder).filename().string();
  }
  write_json(description_in(deployment.folder), json);
}

void remove_deployment(const std::filesystem::path& folder) {
  remove_file(description_in(folder));
  sync_folder(folder);
  remove_folder(folder);
}

}  // namespace crayon::store
