#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/answer/hybrid_report.h"
#include "cli/answer/saved_state.h"
#include "cli/emphasis_options.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/hybrid/assistant.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::string question;
  std::string system;
  bool explain = false;
  generation::GenerateOptions generate;
  HybridOptions hybrid;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
  std::string state;
  EmphasisOptions emphasis;
};

/// A session for each answer: of just the right length, or a pot, which may hold a text already.
std::shared_ptr<generation::Generator> make_generator(const Start& start,
                                                      const SessionOptions& session,
                                                      const Engine& engine) {
  if (start.pot_options().bounded()) {
    note_memory(engine.memory(session, start.pot_options(), 1));
  }
  generation::PreparePot prepare;
  if (start.is_state()) {
    prepare = [&start](context::Pot& pot) { start.prepare(pot); };
  }
  return std::make_shared<generation::SessionGenerator>(
      engine.model(), engine.tokenizer(), start.pot_options(), engine.context(session),
      kv_of(session.kv, engine.model().default_kv()), std::move(prepare));
}

/// The question, as the end of a turn where a text has begun it.
std::vector<generation::Turn> turns_of(const Options& options, bool continues) {
  std::vector<generation::Turn> turns;
  if (!options.system.empty()) {
    turns.push_back({"system", options.system});
  }
  turns.push_back({"user", continues ? "\n" + options.question : options.question});
  return turns;
}

/// Takes the weights of words out of the question.
void read_emphasis(const Options& options, std::vector<generation::Turn>& turns,
                   hybrid::AskOptions& ask) {
  if (options.emphasis.any()) {
    const emphasis::EmphasisedText question = read_emphasis(turns.back().content, options.emphasis);
    turns.back().content = question.text;
    for (const emphasis::Span& span : question.spans) {
      ask.emphasis.push_back({turns.size() - 1, span});
    }
    ask.emphasis_first_layer = options.emphasis.first_layer;
  }
}

void check_start(const Options& options) {
  if (options.state.empty()) {
    return;
  }
  if (!options.system.empty()) {
    throw Error(Code::bad_argument, "--system behind a text that was read already",
                "give --system to `crayon read`");
  }
  if (!options.hybrid.remote.url.empty()) {
    throw Error(Code::bad_argument, "--state with --remote: the larger model has not read the text",
                "leave one of them out");
  }
}

const char* route_name(hybrid::Route route) {
  return route == hybrid::Route::remote ? "remote" : "local";
}

Exit ask(const Options& options, const Common& common) {
  check_start(options);
  hybrid::AskOptions ask_options = to_ask_options(options.hybrid);
  ask_options.generate = options.generate;
  ask_options.explain = options.explain;
  generation::check(options.generate.sampler);
  const Engine engine(options.model, options.engine);
  SessionOptions session = options.session;
  const Start start(options.state, options.distill, engine, session);
  ask_options.context = engine.context(session);
  ask_options.continues = start.is_state();
  const hybrid::Assistant assistant(make_generator(start, session, engine), engine.adapters(),
                                    options.hybrid.remote, to_policy(options.hybrid, engine));
  std::vector<generation::Turn> turns = turns_of(options, start.is_state());
  read_emphasis(options, turns, ask_options);

  const bool streamed = !common.json && stdout_is_terminal();
  const hybrid::Answer answer =
      assistant.ask(turns, ask_options, streamed ? show : hybrid::OnPiece());
  if (common.json) {
    Json out = {{"answer", answer.text},
                {"route", route_name(answer.route)},
                {"reason", answer.reason},
                {"score", answer.score},
                {"threshold", answer.threshold}};
    if (options.explain) {
      out["decision"] = decision_json(answer.decision);
      out["signals"] = signals_json(answer.signals);
    }
    print_json(out);
    return Exit::ok;
  }
  print(streamed ? "\n" : answer.text + "\n");
  note(fmt::format("{}: {} (score {:.3f}, threshold {:.3f})", route_name(answer.route),
                   answer.reason, answer.score, answer.threshold));
  if (options.explain) {
    note_signals(answer);
  }
  return Exit::ok;
}

}  // namespace

Action declare_ask(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command.add_option("QUESTION", options->question, "The question").required();
  command.add_option("--system", options->system, "Instructions that stand before the question");
  command
      .add_option("-n,--max-tokens", options->generate.max_tokens, "Tokens of the answer at most")
      .show_default();
  add_hybrid_options(command, options->hybrid);
  add_policy_options(command, options->hybrid);
  command.add_flag("--explain", options->explain,
                   "Also say which signal decided, when, and what all others said");
  add_sampler_options(command, options->generate.sampler);
  command.add_option("--stop", options->generate.stop, "A text that ends the answer; repeatable")
      .one_value_each();
  add_speculate_option(command, options->generate.speculate);
  add_answering_options(command, options->engine, options->session, options->distill);
  add_state_option(command, options->state);
  add_emphasis_options(command, options->emphasis);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return ask(*options, common); };
}

}  // namespace crayon::cli
