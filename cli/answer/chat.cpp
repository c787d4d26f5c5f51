#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/answer/hybrid_report.h"
#include "cli/emphasis_options.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/generation/batch_generator.h"
#include "runtime/hybrid/assistant.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::string system;
  generation::GenerateOptions generate;
  HybridOptions hybrid;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
  EmphasisOptions emphasis;
};

/// What a person at a terminal is asked with; scripts are asked for nothing.
bool read_line(std::string& line, bool interactive) {
  if (interactive) {
    print("> ");
  }
  return static_cast<bool>(std::getline(std::cin, line));
}

/// One session that goes on from turn to turn.
std::shared_ptr<generation::Generator> make_generator(const Options& options,
                                                      const Engine& engine) {
  const model::Model& model = engine.model();
  const generation::BatchOptions batch{.sequences = 1,
                                       .context = engine.context(options.session),
                                       .kv = kv_of(options.session.kv, model.default_kv()),
                                       .pot = to_pot_options(options.distill, engine.tokenizer())};
  if (batch.pot.bounded()) {
    note_memory(engine.memory(options.session, batch.pot, 1));
  }
  return std::make_shared<generation::BatchGenerator>(model, engine.tokenizer(), batch);
}

Exit chat(const Options& options, const Common& common) {
  hybrid::AskOptions ask_options = to_ask_options(options.hybrid);
  ask_options.generate = options.generate;
  generation::check(options.generate.sampler);
  const Engine engine(options.model, options.engine);
  ask_options.context = engine.context(options.session);
  ask_options.emphasis_first_layer = options.emphasis.first_layer;
  const hybrid::Assistant assistant(make_generator(options, engine), engine.adapters(),
                                    options.hybrid.remote, to_policy(options.hybrid, engine));
  std::vector<generation::Turn> turns;
  if (!options.system.empty()) {
    turns.push_back({"system", options.system});
  }
  const bool interactive = ::isatty(STDIN_FILENO) == 1 && stdout_is_terminal();
  std::string line;
  while (read_line(line, interactive)) {
    if (line.empty()) {
      continue;
    }
    const emphasis::EmphasisedText said = read_emphasis(line, options.emphasis);
    for (const emphasis::Span& span : said.spans) {
      ask_options.emphasis.push_back({turns.size(), span});
    }
    turns.push_back({"user", said.text});
    try {
      const hybrid::Answer answer =
          assistant.ask(turns, ask_options, common.json ? hybrid::OnPiece() : show);
      if (common.json) {
        print_json({{"answer", answer.text}, {"reason", answer.reason}});
      } else {
        print("\n");
      }
      turns.push_back({"assistant", answer.text});
    } catch (const Error& error) {
      if (error.code() != Code::context_full) {
        throw;
      }
      throw Error(Code::context_full, std::string("the conversation is too long: ") + error.what(),
                  "start a new one, or go on for ever with --distill");
    }
  }
  return Exit::ok;
}

}  // namespace

Action declare_chat(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command.add_option("--system", options->system, "Instructions that stand before all turns");
  command.add_option("-n,--max-tokens", options->generate.max_tokens, "Tokens of an answer at most")
      .show_default();
  add_hybrid_options(command, options->hybrid);
  add_policy_options(command, options->hybrid);
  add_sampler_options(command, options->generate.sampler);
  add_speculate_option(command, options->generate.speculate);
  add_answering_options(command, options->engine, options->session, options->distill);
  add_emphasis_options(command, options->emphasis);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return chat(*options, common); };
}

}  // namespace crayon::cli
