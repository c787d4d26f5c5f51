#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/answer/saved_state.h"
#include "cli/emphasis_options.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/emphasis/token_weights.h"
#include "runtime/generation/generator.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  TextInput prompt;
  generation::GenerateOptions generate;
  bool special = false;
  bool timings = false;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
  std::string state;
  EmphasisOptions emphasis;
};

const char* finish_name(generation::Finish finish) {
  switch (finish) {
    case generation::Finish::stop:
      return "stop";
    case generation::Finish::length:
      return "length";
    case generation::Finish::cancelled:
      return "cancelled";
  }
  return "unknown";
}

double rate(std::size_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

void note_timings(const generation::Generated& done, const Engine& engine) {
  note(
      fmt::format("prefill {} tokens, {:.1f} tokens/s; decode {} tokens, {:.1f} tokens/s; "
                  "kernels {}, {} threads",
                  done.prompt_tokens, rate(done.prompt_tokens, done.prefill_seconds),
                  done.tokens.size(), rate(done.tokens.size(), done.decode_seconds),
                  engine.model().kernels().name, engine.threads()));
  if (done.guesses.made != 0) {
    note(fmt::format("speculation: {} of {} guesses right; {} steps for {} tokens",
                     done.guesses.right, done.guesses.made, done.guesses.steps,
                     done.tokens.size()));
  }
}

Exit run(const Options& options, const Common& common) {
  const emphasis::EmphasisedText written = read_emphasis(read(options.prompt), options.emphasis);
  const std::string& prompt = written.text;
  generation::check(options.generate.sampler);
  const Engine engine(options.model, options.engine);
  SessionOptions session_options = options.session;
  const Start start(options.state, options.distill, engine, session_options);
  const emphasis::TokenWeights weighted = token_weights(engine.tokenizer(), written,
                                                        {.add_bos = !start.is_state(),
                                                         .continues = start.is_state(),
                                                         .parse_special = options.special});
  const std::vector<formats::Token>& tokens = weighted.tokens;
  if (start.pot_options().bounded()) {
    note_memory(engine.memory(session_options, start.pot_options(), 1));
  }
  const auto session = engine.session(session_options, tokens);
  context::Pot pot(engine.model(), *session, start.pot_options());
  pot.clear(1);
  start.prepare(pot);
  const auto show = [&](std::string_view text) {
    if (!common.json) {
      print(text);
    }
  };
  const auto follow = [&](const generation::Progress& progress) {
    show(progress.text);
    return true;
  };
  show(prompt);
  const generation::Generated done =
      generation::generate(engine.model(), engine.tokenizer(), pot, tokens, options.generate,
                           follow, {weighted.weights, options.emphasis.first_layer});
  if (common.json) {
    print_json({{"prompt", prompt},
                {"text", done.text},
                {"prompt_ids", tokens},
                {"ids", done.tokens},
                {"finish", finish_name(done.finish)},
                {"prefill_seconds", done.prefill_seconds},
                {"decode_seconds", done.decode_seconds},
                {"decode_steps", done.guesses.steps},
                {"guesses", done.guesses.made},
                {"guesses_right", done.guesses.right}});
  } else if (stdout_is_terminal()) {
    print("\n");
  }
  if (options.timings) {
    note_timings(done, engine);
  }
  return Exit::ok;
}

}  // namespace

Action declare_run(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  add_text_input(command, options->prompt);
  command.add_flag("--special", options->special,
                   "Control tokens that are spelled in the prompt become those tokens");
  command.add_option("-n,--max-tokens", options->generate.max_tokens, "Tokens to add at most")
      .show_default();
  add_sampler_options(command, options->generate.sampler);
  command.add_option("--stop", options->generate.stop, "A text that ends the answer; repeatable")
      .one_value_each();
  command.add_flag("--ignore-end", options->generate.ignore_end, "Go on where the model would end");
  add_speculate_option(command, options->generate.speculate);
  add_answering_options(command, options->engine, options->session, options->distill);
  add_state_option(command, options->state);
  add_emphasis_options(command, options->emphasis);
  add_engine_options(command, options->engine);
  command.add_flag("--timings", options->timings, "Print speeds on standard error");
  return [options, &common] { return run(*options, common); };
}

}  // namespace crayon::cli
