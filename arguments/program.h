#pragma once

#include <memory>
#include <string>

#include "arguments/command.h"
#include "arguments/description.h"

namespace crayon::arguments {

/// What a command line asks for.
struct Request {
  std::string verb;  ///< empty: help or the version
  std::string text;  ///< which is then to be printed
};

/// A program whose first argument is a verb.
class Program {
 public:
  Program(const std::string& name, const std::string& summary);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// What --version prints, which there is none of without.
  void set_version(const std::string& version);
  /// The column that explanations in help texts start at.
  void set_help_column(std::size_t column);
  /// The command lives as long as the program.
  Command add_verb(const std::string& name, const std::string& summary);

  /// What has been declared so far. `prefix` is what Command::mirror_in_environment was told.
  ProgramDescription describe(const std::string& prefix) const;

  /// Sets what the verbs declared. Throws bad_argument for a command line without a verb or with
  /// what no verb has.
  Request read(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace crayon::arguments
