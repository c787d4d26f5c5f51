#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "formats/importers/importers.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string source;
  TextInput text;
  bool no_bos = false;
  bool special = false;
};

/// Whether a file begins like a bundle, with a skippable zstd frame (RFC 8878, section 3.1.2).
bool is_bundle(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    return false;
  }
  const File file(path);
  std::array<std::uint8_t, 4> magic{};
  if (file.size() < magic.size()) {
    return false;
  }
  file.read_at(0, magic);
  return (load_le<std::uint32_t>(magic.data()) & ~0xfu) == 0x184d2a50u;
}

formats::TokenizerData tokenizer_of(const std::string& source) {
  if (!is_bundle(source)) {
    return importers::import_tokenizer(source);
  }
  const formats::Bundle bundle = formats::Bundle::open(source);
  if (!bundle.info().tokenizer) {
    throw Error(Code::bad_argument,
                fmt::format("{}: a bundle of the kind {} has no tokenizer", source,
                            formats::kind_name(bundle.info().kind)),
                "name a model bundle");
  }
  return *bundle.info().tokenizer;
}

Exit tokenize(const Options& options, const Common& common) {
  const std::string text = read(options.text);
  const tokenizer::Tokenizer tokenizer(tokenizer_of(options.source));
  const std::vector<formats::Token> ids =
      tokenizer.encode(text, {.add_bos = !options.no_bos, .parse_special = options.special});
  if (common.json) {
    print_json({{"ids", ids}});
  } else {
    print(fmt::format("{}\n", fmt::join(ids, " ")));
  }
  return Exit::ok;
}

}  // namespace

Action declare_tokenize(CLI::App& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option("SOURCE", options->source,
                  "A model bundle, a GGUF (vocabulary-only too), tokenizer.json or its folder")
      ->required();
  add_text_input(command, options->text);
  command.add_flag("--no-bos", options->no_bos, "No token for the beginning of the text");
  command.add_flag("--special", options->special,
                   "Control tokens that are spelled in the text become those tokens");
  return [options, &common] { return tokenize(*options, common); };
}

}  // namespace crayon::cli
