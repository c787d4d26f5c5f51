#include "arguments/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "base/error.h"

namespace crayon::arguments {

Program::Program(const std::string& name, const std::string& summary)
    : app_(std::make_unique<CLI::App>(summary, name)) {
  app_->require_subcommand(0, 1);  // none is told below, behind the unknown ones
}

Program::~Program() = default;

void Program::set_version(const std::string& version) {
  app_->set_version_flag("--version", version);
}

void Program::set_help_column(std::size_t column) {
  app_->get_formatter()->column_width(column);
}

Command Program::add_verb(const std::string& name, const std::string& summary) {
  return Command(*app_->add_subcommand(name, summary));
}

Request Program::read(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::Success& success) {
    std::ostringstream text;
    app_->exit(success, text, text);
    return {.verb = {}, .text = text.str()};
  } catch (const CLI::ParseError& error) {
    const auto chosen = app_->get_subcommands();
    throw Error(Code::bad_argument, error.what(),
                chosen.empty() ? fmt::format("{} --help lists them", app_->get_name())
                               : fmt::format("{} {} --help lists its arguments", app_->get_name(),
                                             chosen.front()->get_name()));
  }
  const auto chosen = app_->get_subcommands();
  if (chosen.empty()) {
    throw Error(Code::bad_argument, "there is no verb",
                fmt::format("{} --help lists them", app_->get_name()));
  }
  return {.verb = chosen.front()->get_name(), .text = {}};
}

}  // namespace crayon::arguments
