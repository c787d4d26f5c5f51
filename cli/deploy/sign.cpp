#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "formats/signature.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string bundle;
  std::string key;
  unsigned long release = 0;
  std::string output;
};

Exit sign(const Options& options, const Common& common) {
  const formats::SecretKey key = formats::read_secret_key(options.key);
  const std::string out = options.output.empty() ? options.bundle : options.output;
  formats::sign_bundle(options.bundle, out, key, options.release);
  const std::string key_id = formats::to_hex(key.public_key().id());
  const std::string id = formats::to_hex(formats::Bundle::open(out).id());
  if (common.json) {
    print_json({{"path", out}, {"id", id}, {"release", options.release}, {"signer", key_id}});
  } else {
    print(fmt::format("{}: release {}, signed by {}\n", out, options.release, key_id));
  }
  return Exit::ok;
}

}  // namespace

Action declare_sign(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("BUNDLE", options->bundle, "A model, adapter or pool bundle").required();
  command.add_option("-k,--key", options->key, "The secret key, NAME.sec of crayon keygen")
      .required()
      .value_name("FILE");
  command
      .add_option("-r,--release", options->release,
                  "Number of the release, from 1 on; boards refuse lower ones than they have")
      .required()
      .value_name("N");
  command
      .add_option("-o,--output", options->output,
                  "The signed bundle to write, in the place of BUNDLE itself")
      .value_name("FILE");
  return [options, &common] { return sign(*options, common); };
}

}  // namespace crayon::cli
