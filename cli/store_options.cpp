#include "cli/store_options.h"

#include <fmt/format.h>

namespace crayon::cli {

void add_root_option(Command& command, std::string& root) {
  command.add_option("--root", root, "The folder of installed bundles")
      .value_name("DIR")
      .show_default();
}

Json member_json(const store::Member& member) {
  return {{"role", member.role},
          {"id", formats::to_hex(member.id)},
          {"release", member.release},
          {"signer", member.signer ? Json(formats::to_hex(*member.signer)) : Json()},
          {"bytes", member.bytes}};
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

}  // namespace crayon::cli
