#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "cli/deploy/deployment_description.h"
#include "cli/engine.h"
#include "cli/inspect/verify_bundle.h"
#include "cli/machine_description.h"
#include "cli/verbs.h"
#include "runtime/model/image.h"
#include "store/store.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string root = default_root;
  bool verify = false;
};

/// What a deployment is to its store.
const char* part_of(std::uint64_t number, const store::State& state) {
  return number == state.active     ? "active"
         : number == state.previous ? "previous"
         : number > state.active    ? "waiting"
                                    : "left over";
}

std::string image_of(const store::Deployment& deployment) {
  return model::image_state(formats::Bundle::open(deployment.file(store::model_role)),
                            select_kernels(std::string()));
}

/// Every byte of all that the deployments hold. Throws corrupt.
void verify(const std::vector<store::Deployment>& deployments) {
  for (const store::Deployment& deployment : deployments) {
    for (const store::Member& member : deployment.members) {
      const formats::Bundle bundle = formats::Bundle::open(deployment.file(member.role));
      if (bundle.id() != member.id) {
        throw Error(Code::corrupt,
                    fmt::format("{} is not what was installed", bundle.path().string()),
                    "install it again");
      }
      verify_bundle(bundle);
      if (member.role == store::model_role) {
        model::verify_images(bundle);
      }
    }
  }
}

Json keys_json(const store::Store& store) {
  const store::KeyRing ring = store.keys();
  Json keys = Json::array();
  for (const formats::PublicKey& key : ring.keys()) {
    keys.push_back(formats::to_hex(key.id()));
  }
  return keys;
}

void print_all_json(const store::Store& store, const std::vector<store::Deployment>& deployments,
                    const Options& options) {
  const store::State state = store.state();
  const store::Room room = store::room_of(store.root());
  Json list = Json::array();
  for (const store::Deployment& deployment : deployments) {
    Json json = deployment_json(deployment);
    json["is"] = part_of(deployment.number, state);
    json["image"] = image_of(deployment);
    list.push_back(json);
  }
  print_json({{"root", store.root().string()},
              {"active", state.active == 0 ? Json() : Json(state.active)},
              {"previous", state.previous == 0 ? Json() : Json(state.previous)},
              {"deployments", list},
              {"keys", keys_json(store)},
              {"free_disk_bytes", room.disk},
              {"free_memory_bytes", json_of(room.memory)},
              {"verified", options.verify}});
}

void print_all(const store::Store& store, const std::vector<store::Deployment>& deployments,
               const Options& options) {
  const store::State state = store.state();
  const store::Room room = store::room_of(store.root());
  print(fmt::format("{}: {}; {} of disk and {} of memory are free\n", store.root().string(),
                    state.active == 0 ? "nothing is active"
                                      : fmt::format("deployment {} is active", state.active),
                    bytes_text(room.disk), bytes_text(room.memory)));
  for (const store::Deployment& deployment : deployments) {
    print(fmt::format("deployment {}: {}; packed image {}; golden tokens {}{}\n", deployment.number,
                      part_of(deployment.number, state), image_of(deployment),
                      deployment.golden ? "there" : "none",
                      options.verify ? "; every byte verified" : ""));
    print_members(deployment);
  }
  const store::KeyRing ring = store.keys();
  for (const formats::PublicKey& key : ring.keys()) {
    print(fmt::format("trusts the key {}\n", formats::to_hex(key.id())));
  }
  if (ring.empty()) {
    print("trusts no key: every bundle is accepted; crayon trust changes that\n");
  }
}

Exit status(const Options& options, const Common& common) {
  const store::Store store(options.root);
  if (!std::filesystem::is_directory(store.root())) {
    throw Error(Code::not_found, fmt::format("there is no folder {}", options.root),
                "crayon install makes it; --root names another one");
  }
  const std::vector<store::Deployment> deployments = store.deployments();
  if (options.verify) {
    verify(deployments);
  }
  if (common.json) {
    print_all_json(store, deployments, options);
  } else {
    print_all(store, deployments, options);
  }
  return Exit::ok;
}

}  // namespace

Action declare_status(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  add_root_option(command, options->root);
  command.add_flag("--verify", options->verify, "Check every byte of what is installed");
  return [options, &common] { return status(*options, common); };
}

}  // namespace crayon::cli
