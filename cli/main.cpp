// The program's frame: reads the command line, runs one verb, and turns what went wrong into a
// sentence and an exit code. See docs/command-line.md.

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

/// What failed on standard error, and with --json as an object on standard output too.
Exit report(const Error& error, bool json) {
  note(fmt::format("crayon: {}", error.what()));
  if (!error.hint().empty()) {
    note(fmt::format("  hint: {}", error.hint()));
  }
  if (json) {
    print_json({{"error",
                 {{"code", static_cast<int>(error.code())},
                  {"name", code_name(error.code())},
                  {"message", error.what()},
                  {"hint", error.hint()}}}});
  }
  return exit_of(error.code());
}

/// The chosen verb's action. An empty one means that help or the version was all.
Action parse(int argc, char** argv, Common& common) {
  CLI::App app("Small language models with blended adapters, offline first.", "crayon");
  app.set_version_flag("--version", "crayon " CRAYON_VERSION);
  app.require_subcommand(0, 1);  // none is told below, behind the unknown ones
  app.get_formatter()->column_width(34);
  std::vector<std::pair<const CLI::App*, Action>> actions;
  for (const Verb& verb : verbs()) {
    CLI::App* command = app.add_subcommand(verb.name, verb.summary);
    actions.emplace_back(command, verb.declare(*command, common));
    command->add_flag("--json", common.json, "Print JSON for programs");
    // Only the chosen verb looks at the environment: a variable may be wrong for another one.
    command->preparse_callback([command](std::size_t) { mirror_in_environment(*command); });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    std::ostringstream text;
    app.exit(success, text, text);
    print(text.str());
    return {};
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    throw Error(Code::bad_argument, error.what(),
                chosen.empty() ? "crayon --help lists them"
                               : fmt::format("crayon {} --help lists its arguments",
                                             chosen.front()->get_name()));
  }
  for (auto& [command, action] : actions) {
    if (command->parsed()) {
      return std::move(action);
    }
  }
  throw Error(Code::bad_argument, "there is no verb", "crayon --help lists them");
}

Exit run_reporting_errors(int argc, char** argv) {
  Common common;
  // Known before parsing, so that a wrong command line is reported as JSON too.
  common.json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
  try {
    const Action action = parse(argc, argv, common);
    return action ? action() : Exit::ok;
  } catch (const Error& error) {
    return report(error, common.json);
  } catch (const std::bad_alloc&) {
    return report(Error(Code::out_of_memory, "there is not enough memory",
                        "try a smaller --context, or weights in int8"),
                  common.json);
  }
}

}  // namespace

int run_program(int argc, char** argv) {
  // A peer that hangs up, and a reader like `head`, must not kill the program: the write says so.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return static_cast<int>(run_reporting_errors(argc, argv));
  } catch (const OutputClosed&) {
    return static_cast<int>(Exit::ok);
  } catch (const std::exception& failure) {
    note(fmt::format("crayon: {}", failure.what()));
    return static_cast<int>(Exit::system);
  }
}

}  // namespace crayon::cli

int main(int argc, char** argv) {
  return crayon::cli::run_program(argc, argv);
}
