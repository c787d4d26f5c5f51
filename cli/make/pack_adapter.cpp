#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/importers/importers.h"
#include "formats/packer.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string source;
  std::string base;
  std::string output;
};

Exit pack_adapter(const Options& options, const Common& common) {
  const formats::Bundle base = formats::Bundle::open(options.base);
  const formats::AdapterSource adapter = importers::import_adapter(options.source, base);
  const formats::Hash id = formats::pack_adapter(adapter, base, options.output);
  if (common.json) {
    print_json({{"path", options.output},
                {"id", formats::to_hex(id)},
                {"name", adapter.name},
                {"rank", adapter.rank},
                {"scale", adapter.scale},
                {"factors", adapter.factors.size()}});
  } else {
    print(fmt::format("{}: {}, {} factors, rank {}, scale {:g}\n", options.output, adapter.name,
                      adapter.factors.size(), adapter.rank, adapter.scale));
  }
  return Exit::ok;
}

}  // namespace

Action declare_pack_adapter(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("SOURCE", options->source, "A PEFT folder or a GGUF LoRA").required();
  command.add_option("-b,--base", options->base, "The model bundle that the adapter belongs to")
      .required();
  command.add_option("-o,--output", options->output, "The adapter bundle to write").required();
  return [options, &common] { return pack_adapter(*options, common); };
}

}  // namespace crayon::cli
