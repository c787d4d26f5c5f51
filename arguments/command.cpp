#include "arguments/command.h"

#include <CLI/CLI.hpp>
#include <optional>

#include "arguments/variable_name.h"

namespace crayon::arguments {
namespace {

void name_variables(CLI::App& app, const std::string& prefix) {
  for (CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr()) {
      option->envname(variable_name(*option, prefix));
    }
  }
}

}  // namespace

Option Option::required() {
  option_->required();
  return *this;
}

Option Option::within(int least, int most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::within(unsigned least, unsigned most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::within(float least, float most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::within(double least, double most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::one_of(std::initializer_list<const char*> words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option Option::show_default() {
  option_->capture_default_str();
  return *this;
}

Option Option::value_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Option Option::delimiter(char between) {
  option_->delimiter(between);
  return *this;
}

Option Option::one_value_each() {
  option_->allow_extra_args(false);
  return *this;
}

template <typename Value>
Option Command::add_option(const std::string& names, Value& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help));
}

#define CRAYON_ARGUMENT(...) \
  template Option Command::add_option(const std::string&, __VA_ARGS__&, const std::string&)
CRAYON_ARGUMENT(int);
CRAYON_ARGUMENT(unsigned short);
CRAYON_ARGUMENT(unsigned);
CRAYON_ARGUMENT(unsigned long);
CRAYON_ARGUMENT(float);
CRAYON_ARGUMENT(double);
CRAYON_ARGUMENT(std::string);
CRAYON_ARGUMENT(std::optional<float>);
CRAYON_ARGUMENT(std::optional<double>);
CRAYON_ARGUMENT(std::optional<std::string>);
CRAYON_ARGUMENT(std::vector<unsigned>);
CRAYON_ARGUMENT(std::vector<unsigned long>);
CRAYON_ARGUMENT(std::vector<std::string>);
#undef CRAYON_ARGUMENT

Option Command::add_flag(const std::string& names, bool& value, const std::string& help) {
  return Option(*app_->add_flag(names, value, help));
}

void Command::mirror_in_environment(const std::string& prefix) {
  app_->preparse_callback([app = app_, prefix](std::size_t) { name_variables(*app, prefix); });
}

}  // namespace crayon::arguments
