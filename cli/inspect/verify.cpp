#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/inspect/verify_bundle.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "formats/signature.h"
#include "formats/trust.h"
#include "runtime/model/image.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string bundle;
  std::vector<std::string> keys;
};

std::vector<formats::PublicKey> read_keys(const std::vector<std::string>& files) {
  std::vector<formats::PublicKey> keys;
  for (const std::string& file : files) {
    keys.push_back(formats::read_public_key(file));
  }
  return keys;
}

std::string signature_text(const formats::Bundle& bundle, bool checked) {
  return fmt::format("release {}, signed by {}{}", bundle.release(),
                     formats::to_hex(*bundle.signer()),
                     checked ? "" : " as it says; --key checks that");
}

Exit verify(const Options& options, const Common& common) {
  const formats::Bundle bundle = formats::Bundle::open(options.bundle);
  if (!options.keys.empty()) {
    formats::check_signed(bundle, read_keys(options.keys));
  }
  verify_bundle(bundle);
  Json images = Json::array();
  if (bundle.info().config) {
    for (const std::filesystem::path& image : model::verify_images(bundle)) {
      images.push_back(image.string());
    }
  }
  if (common.json) {
    print_json({{"ok", true},
                {"kind", formats::kind_name(bundle.info().kind)},
                {"id", formats::to_hex(bundle.id())},
                {"bytes", bundle.file_size()},
                {"release", bundle.release()},
                {"signer", bundle.signer() ? Json(formats::to_hex(*bundle.signer())) : Json()},
                {"signature_checked", !options.keys.empty()},
                {"images", images}});
  } else {
    print(fmt::format("{}: ok, {} bundle {}\n", options.bundle,
                      formats::kind_name(bundle.info().kind), formats::to_hex(bundle.id())));
    if (bundle.signer()) {
      print(fmt::format("{}: {}\n", options.bundle, signature_text(bundle, !options.keys.empty())));
    }
    for (const Json& image : images) {
      print(fmt::format("{}: ok, packed image\n", image.get<std::string>()));
    }
  }
  return Exit::ok;
}

}  // namespace

Action declare_verify(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("BUNDLE", options->bundle, "A model, adapter, pool or state bundle")
      .required();
  command
      .add_option("-k,--key", options->keys,
                  "A public key; the bundle must be signed by it, or by one of several")
      .value_name("FILE")
      .one_value_each();
  return [options, &common] { return verify(*options, common); };
}

}  // namespace crayon::cli
