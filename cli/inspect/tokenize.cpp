#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
#include "store/store.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string source;
  TextInput text;
  bool no_bos = false;
  bool special = false;
  bool eos = false;
  std::optional<std::string> decode;  ///< ids instead of a text
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

formats::TokenizerData tokenizer_of(const std::string& argument) {
  const std::string source = store::model_file(argument).string();
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

/// Numbers with spaces or commas between them, in brackets or not.
std::vector<formats::Token> parse_ids(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  }
  constexpr std::string_view between = " ,\t\r\n";
  std::vector<formats::Token> ids;
  for (std::size_t begin; (begin = text.find_first_not_of(between)) != std::string_view::npos;) {
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(between));
    text.remove_prefix(word.size());
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, ids.emplace_back());
    if (error != std::errc() || stop != end || ids.back() < 0) {
      throw Error(Code::bad_argument, fmt::format("--decode: {} is not the id of a token", word),
                  "give ids as numbers with spaces or commas between them");
    }
  }
  return ids;
}

void check_ids(const std::vector<formats::Token>& ids, const formats::TokenizerData& data) {
  for (const formats::Token id : ids) {
    if (static_cast<std::size_t>(id) >= data.pieces.size()) {
      throw Error(Code::bad_argument,
                  fmt::format("--decode: there is no token {}; the last one is {}", id,
                              data.pieces.size() - 1),
                  "name the tokenizer that the ids are of");
    }
  }
}

Exit decode(const Options& options, const Common& common) {
  if (options.text.text || options.text.file) {
    throw Error(Code::bad_argument, "--decode and a text are both given", "give one of them");
  }
  const std::vector<formats::Token> ids = parse_ids(*options.decode);
  const tokenizer::Tokenizer tokenizer(tokenizer_of(options.source));
  check_ids(ids, tokenizer.data());
  const std::string text = tokenizer.decode(ids);
  if (common.json) {
    print_json({{"text", text}});
  } else {
    print(text + "\n");
  }
  return Exit::ok;
}

Exit tokenize(const Options& options, const Common& common) {
  if (options.decode) {
    return decode(options, common);
  }
  const std::string text = read(options.text);
  const tokenizer::Tokenizer tokenizer(tokenizer_of(options.source));
  const std::vector<formats::Token> ids = tokenizer.encode(
      text, {.add_bos = !options.no_bos, .add_eos = options.eos, .parse_special = options.special});
  if (common.json) {
    print_json({{"ids", ids}});
  } else {
    print(fmt::format("{}\n", fmt::join(ids, " ")));
  }
  return Exit::ok;
}

}  // namespace

Action declare_tokenize(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option("SOURCE", options->source,
                  "A model bundle, a GGUF (vocabulary-only too), a tokenizer's file or its folder")
      .required();
  add_text_input(command, options->text);
  command.add_flag("--no-bos", options->no_bos, "No token for the beginning of the text");
  command.add_flag("--eos", options->eos,
                   "The token for the end of the text, where the tokenizer asks for it");
  command.add_option("--decode", options->decode, "Print the text of these ids instead");
  command.add_flag("--special", options->special,
                   "Control tokens that are spelled in the text become those tokens");
  return [options, &common] { return tokenize(*options, common); };
}

}  // namespace crayon::cli
