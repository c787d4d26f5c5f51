// crayon-train tokenizer, as crayon-train has it: SentencePiece and libtorch do not go together in
// one process, so that the verb is a program of its own beside this one.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

/// Becomes crayon-train-tokenizer; returns only by an exception.
Exit become(std::vector<std::string> arguments) {
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "crayon-train-tokenizer";
  std::vector<char*> pointers;
  for (std::string& argument : arguments) {
    pointers.push_back(argument.data());
  }
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  throw Error(Code::unsupported,
              fmt::format("this build cannot train tokenizers: cannot start {}: {}",
                          program.string(), std::strerror(errno)),
              "install libsentencepiece-dev, configure and build again");
}

}  // namespace

Action declare_start_tokenizer(CLI::App& command) {
  command.prefix_command();   // what follows is the other program's
  command.set_help_flag("");  // and so is the help
  const auto arguments = std::make_shared<std::vector<std::string>>(
      std::initializer_list<std::string>{"crayon-train", "tokenizer"});
  command.parse_complete_callback([arguments, &command] {
    const std::vector<std::string> rest = command.remaining();
    arguments->insert(arguments->end(), rest.begin(), rest.end());
  });
  return [arguments] { return become(*arguments); };
}

}  // namespace crayon::train
