// The program's frame: reads the command line, runs one verb, and turns what went wrong into a
// sentence and an exit code. See docs/command-line.md.

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/command_line.h"
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
  CommandLine line(common);
  const arguments::Request request = line.program.read(argc, argv);
  if (request.verb.empty()) {
    print(request.text);
    return {};
  }
  return line.actions.at(request.verb);
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
