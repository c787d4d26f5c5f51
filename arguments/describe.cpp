#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "arguments/program.h"
#include "arguments/variable_name.h"

namespace crayon::arguments {
namespace {

/// "a,b,c" in its parts.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

/// CLI11 tells of the type and of what is demanded of a value in one text: "TEXT:{f16,f32}",
/// "UINT:INT in [1 - 1024]".
void describe_value(const CLI::Option& option, ArgumentDescription& into) {
  const std::string text = option.get_type_name();
  const std::size_t colon = std::min(text.find(':'), text.size());
  into.value = text.substr(0, colon);
  into.number = into.value == "INT" || into.value == "UINT" || into.value == "FLOAT";
  const std::string_view demand = std::string_view(text).substr(std::min(colon + 1, text.size()));
  const std::size_t bracket = demand.find(" in [");
  if (demand.starts_with('{') && demand.ends_with('}')) {
    into.choices = parts_of(demand.substr(1, demand.size() - 2));
  } else if (bracket != demand.npos && demand.ends_with(']')) {
    into.range = demand.substr(bracket + 5, demand.size() - bracket - 6);
  }
  if (!option.nonpositional()) {
    into.value = option.get_name();
  }
}

ArgumentDescription describe_argument(const CLI::Option& option) {
  ArgumentDescription argument;
  for (const std::string& name : option.get_snames()) {
    argument.flags.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    argument.flags.push_back("--" + name);
  }
  if (option.get_type_size() != 0) {
    describe_value(option, argument);
    argument.repeats = option.get_items_expected_max() > 1;
  }
  argument.preset = option.get_default_str();
  argument.help = option.get_description();
  argument.required = option.get_required();
  return argument;
}

std::vector<ArgumentDescription> describe_arguments(const CLI::App& app) {
  std::vector<ArgumentDescription> all;
  for (const CLI::Option* option : app.get_options()) {
    all.push_back(describe_argument(*option));
  }
  return all;
}

VerbDescription describe_verb(const CLI::App& app, const std::string& prefix) {
  VerbDescription verb{app.get_name(), app.get_description(), describe_arguments(app)};
  const std::vector<const CLI::Option*> options = app.get_options();
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i] != app.get_help_ptr()) {
      verb.arguments[i].variable = variable_name(*options[i], prefix);
    }
  }
  return verb;
}

}  // namespace

ProgramDescription Program::describe(const std::string& prefix) const {
  const CLI::App& app = *app_;
  ProgramDescription program{app.get_name(), app.get_description(), describe_arguments(app), {}};
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    program.verbs.push_back(describe_verb(*verb, prefix));
  }
  return program;
}

}  // namespace crayon::arguments
