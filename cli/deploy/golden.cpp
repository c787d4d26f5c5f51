#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/process.h"
#include "cli/deploy/health_check.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "store/golden.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::string prompt = "The quick brown fox jumps over";
  unsigned tokens = 16;
  unsigned seconds = 60;
  std::string output;
  EngineOptions engine;
};

Exit golden(const Options& options, const Common& common) {
  const Engine engine(options.model, options.engine);
  constexpr double no_limit = 1e9;
  const store::Golden made{
      engine.model().id(), options.prompt,
      golden_tokens(engine, options.prompt, options.tokens, monotonic_seconds(), no_limit),
      options.seconds};
  if (made.tokens.size() < options.tokens) {
    throw Error(Code::context_full,
                fmt::format("the model's context has room for {} tokens behind that prompt",
                            made.tokens.size()),
                "give a shorter prompt or a smaller -n");
  }
  store::write_golden(options.output, made);
  if (common.json) {
    print_json({{"path", options.output},
                {"tokens", made.tokens},
                {"text", engine.tokenizer().decode(made.tokens)}});
  } else {
    print(fmt::format("{}: {} tokens\n", options.output, made.tokens.size()));
  }
  return Exit::ok;
}

}  // namespace

Action declare_golden(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle, or a folder of installed ones")
      .required();
  command.add_option("-p,--prompt", options->prompt, "The prompt").show_default();
  command.add_option("-n,--max-tokens", options->tokens, "Tokens to compare")
      .within(1, 4096)
      .show_default();
  command.add_option("--seconds", options->seconds, "What a board may take to load and answer")
      .within(1, 86400)
      .show_default();
  command.add_option("-o,--output", options->output, "The file to write").required();
  add_engine_options(command, options->engine);
  return [options, &common] { return golden(*options, common); };
}

}  // namespace crayon::cli
