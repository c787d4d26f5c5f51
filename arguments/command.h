#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace crayon::arguments {

// What the programs declare their arguments with. The parser behind it, CLI11, is one large header
// of templates: only this folder's sources include it, and what verbs need of it is named here.

/// An argument that was declared, to say more about it.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option required();
  /// Both ends are allowed.
  Option within(int least, int most);
  Option within(unsigned least, unsigned most);
  Option within(float least, float most);
  Option within(double least, double most);
  /// One of these words.
  Option one_of(std::initializer_list<const char*> words);
  /// The help text shows the value that the variable has now.
  Option show_default();
  /// What the help text calls the value, in the place of its type.
  Option value_name(const std::string& name);
  /// Parts of one value become elements of a list.
  Option delimiter(char between);
  /// Of a list: each further value needs the flag again.
  Option one_value_each();

 private:
  CLI::Option* option_;
};

/// The arguments of a program or of one of its verbs. Copies declare on the same one.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// Declares "-s,--long", or a positional argument by its bare NAME, whose value ends up in
  /// `value`. That may be a number, a std::string, a std::optional or a std::vector of either:
  /// command.cpp lists the types.
  template <typename Value>
  Option add_option(const std::string& names, Value& value, const std::string& help);
  /// A flag without a value; "--on,!--off" has a second name that says the opposite.
  Option add_flag(const std::string& names, bool& value, const std::string& help);

  /// Gives every flag a twin in the environment: with the prefix "CRAYON_", --max-tokens is
  /// CRAYON_MAX_TOKENS, too. Looked at only once the verb was chosen, for a variable may be wrong
  /// for another one.
  void mirror_in_environment(const std::string& prefix);

 private:
  CLI::App* app_;
};

}  // namespace crayon::arguments
