#include "arguments/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/command_line.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

using arguments::ManualPage;

struct Options {
  std::string verb;
  std::string folder;
  std::string date;
};

arguments::ManualNotes notes(const Options& options) {
  const auto code = [](Exit exit) { return static_cast<int>(exit); };
  return {
      .version = "crayon " CRAYON_VERSION,
      .date = options.date,
      .exits = {{code(Exit::ok), "Done"},
                {code(Exit::failed_check), "A check failed"},
                {code(Exit::usage), "Wrong usage: an argument, a flag, a variable, a kernel set"},
                {code(Exit::bad_file),
                 "A file, model or adapter is damaged, not supported or does not fit"},
                {code(Exit::system), "The system: a file is missing, memory or disk is full"},
                {code(Exit::network), "The network"}},
      .about = {"Runs language models from one compressed file, on an ARM board or a workstation, "
                "with small adapters that can be blended for a question, and hands questions to a "
                "larger model where there is one and the local one is not sure.",
                "Results go to standard output, everything else to standard error. With --json a "
                "verb prints one JSON document on one line.",
                "Every flag has a twin in the environment: --max-tokens is CRAYON_MAX_TOKENS. A "
                "flag on the command line wins. A switch such as --json is set by 1.",
                "Each verb has a page of its own, as crayon-ask(1)."}};
}

std::vector<ManualPage> pages(const Options& options) {
  Common common;
  return arguments::write_manual(CommandLine(common).program.describe(variable_prefix),
                                 notes(options));
}

ManualPage page_of(const Options& options) {
  const std::string name = options.verb.empty() ? "crayon.1" : "crayon-" + options.verb + ".1";
  std::vector<ManualPage> all = pages(options);
  const auto page = std::find_if(all.begin(), all.end(),
                                 [&](const ManualPage& each) { return each.name == name; });
  if (page == all.end()) {
    throw Error(Code::bad_argument, fmt::format("there is no verb {}", options.verb),
                "crayon --help lists them");
  }
  return std::move(*page);
}

void write_all(const Options& options, const Common& common) {
  if (!options.verb.empty()) {
    throw Error(Code::bad_argument, "a verb and --output were given, which writes all pages",
                "leave out one of them");
  }
  const std::filesystem::path folder = options.folder;
  Json written = Json::array();
  for (const ManualPage& page : pages(options)) {
    write_text(folder / page.name, page.text);
    written.push_back((folder / page.name).string());
  }
  if (common.json) {
    print_json({{"pages", written}});
  } else {
    note(fmt::format("{} pages in {}", written.size(), folder.string()));
  }
}

Exit manual(const Options& options, const Common& common) {
  if (!options.folder.empty()) {
    write_all(options, common);
    return Exit::ok;
  }
  const ManualPage page = page_of(options);
  if (common.json) {
    print_json({{"page", page.name}, {"text", page.text}});
  } else {
    print(page.text);
  }
  return Exit::ok;
}

}  // namespace

Action declare_manual(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("VERB", options->verb, "The verb; default: the page of the whole program");
  command.add_option("-o,--output", options->folder, "Write all pages into this folder instead")
      .value_name("FOLDER");
  command.add_option("--date", options->date, "The date that pages bear, as 2026-01-31")
      .value_name("DATE");
  return [options, &common] { return manual(*options, common); };
}

}  // namespace crayon::cli
