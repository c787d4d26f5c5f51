#include "cli/deploy/deployment_description.h"

#include <fmt/format.h>

namespace crayon::cli {

namespace {

Json member_json(const store::Member& member) {
  return {{"role", member.role},
          {"id", formats::to_hex(member.id)},
          {"release", member.release},
          {"signer", member.signer ? Json(formats::to_hex(*member.signer)) : Json()},
          {"bytes", member.bytes}};
}

}  // namespace

void add_root_option(Command& command, std::string& root) {
  command.add_option("--root", root, "The folder of installed bundles")
      .value_name("DIR")
      .show_default();
}

Json deployment_json(const store::Deployment& deployment) {
  Json bundles = Json::array();
  for (const store::Member& member : deployment.members) {
    bundles.push_back(member_json(member));
  }
  return {{"deployment", deployment.number},
          {"folder", deployment.folder.string()},
          {"bundles", bundles},
          {"golden", deployment.golden.has_value()}};
}

void print_members(const store::Deployment& deployment) {
  for (const store::Member& member : deployment.members) {
    print(fmt::format("  {:<16}{:>10}  {}  {}\n", member.role, bytes_text(member.bytes),
                      formats::to_hex(member.id).substr(0, 16),
                      member.signer ? fmt::format("release {}, signed by {}", member.release,
                                                  formats::to_hex(*member.signer))
                                    : "not signed"));
  }
}

void show_deployment(const store::Deployment& deployment, bool active, const std::string& what,
                     const Common& common) {
  if (common.json) {
    Json out = deployment_json(deployment);
    out["active"] = active;
    print_json(out);
  } else {
    print(fmt::format("deployment {}: {}\n", deployment.number, what));
    print_members(deployment);
  }
}

}  // namespace crayon::cli
