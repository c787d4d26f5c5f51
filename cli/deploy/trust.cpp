#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "cli/deploy/deployment_description.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/signature.h"
#include "store/store.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string key;
  std::string remove;
  std::string root = default_root;
};

Exit trust(const Options& options, const Common& common) {
  if (options.key.empty() == options.remove.empty()) {
    throw Error(Code::bad_argument, "one key is wanted: a file to trust, or an id to --remove",
                "crayon trust KEY.pub");
  }
  store::Store store(options.root);
  std::string id = options.remove;
  if (options.remove.empty()) {
    const formats::PublicKey key = formats::read_public_key(options.key);
    store.trust(key);
    id = formats::to_hex(key.id());
  } else {
    store.distrust(options.remove);
  }
  if (common.json) {
    print_json({{"id", id}, {"trusted", options.remove.empty()}});
  } else {
    print(options.remove.empty()
              ? fmt::format("{}: trusted from now on; what no trusted key signed is refused\n", id)
              : fmt::format("{}: not trusted any more{}\n", id,
                            store.keys().empty() ? "; every bundle is accepted" : ""));
  }
  return Exit::ok;
}

}  // namespace

Action declare_trust(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("KEY", options->key, "A public key, NAME.pub of crayon keygen");
  command.add_option("--remove", options->remove, "The id of a key to trust no more")
      .value_name("ID");
  add_root_option(command, options->root);
  return [options, &common] { return trust(*options, common); };
}

}  // namespace crayon::cli
