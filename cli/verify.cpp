#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "runtime/model/image.h"

namespace crayon::cli {
namespace {

Exit verify(const std::string& path, const Common& common) {
  const formats::Bundle bundle = formats::Bundle::open(path);
  {
    Progress progress("verifying", "B");
    const double bytes = static_cast<double>(bundle.file_size());
    bundle.verify([&](double share) {
      progress.update(static_cast<std::uint64_t>(share * bytes), bundle.file_size());
    });
  }
  Json images = Json::array();
  if (bundle.info().kind == formats::BundleKind::model) {
    for (const std::filesystem::path& image : model::verify_images(bundle)) {
      images.push_back(image.string());
    }
  }
  if (common.json) {
    print_json({{"ok", true},
                {"kind", formats::kind_name(bundle.info().kind)},
                {"id", formats::to_hex(bundle.id())},
                {"bytes", bundle.file_size()},
                {"images", images}});
  } else {
    print(fmt::format("{}: ok, {} bundle {}\n", path, formats::kind_name(bundle.info().kind),
                      formats::to_hex(bundle.id())));
    for (const Json& image : images) {
      print(fmt::format("{}: ok, packed image\n", image.get<std::string>()));
    }
  }
  return Exit::ok;
}

}  // namespace

Action declare_verify(Command& command, const Common& common) {
  auto path = std::make_shared<std::string>();
  command.add_option("BUNDLE", *path, "A model, adapter, pool or state bundle").required();
  return [path, &common] { return verify(*path, common); };
}

}  // namespace crayon::cli
