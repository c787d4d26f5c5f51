#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/eval/perplexity.h"
#include "runtime/eval/scored_text.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  TextInput text;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
  std::size_t tail = 0;
  eval::TextScoring scoring;
};

Exit perplexity(const Options& options, const Common& common) {
  const std::string text = read(options.text);
  const Engine engine(options.model, options.engine);
  const std::vector<eval::Sequence> sequences =
      eval::sequences_of(text, options.scoring, engine.tokenizer());
  std::vector<formats::Token> tokens;  // of the whole, for which a pool is blended
  for (const eval::Sequence& sequence : sequences) {
    tokens.insert(tokens.end(), sequence.tokens.begin(), sequence.tokens.end());
  }
  const auto session = engine.session(options.session, tokens);
  const formats::TokenizerData& tokenizer = engine.tokenizer().data();
  const formats::Token bos = tokenizer.add_bos && tokenizer.bos ? *tokenizer.bos : -1;
  eval::Perplexity measured;
  {
    Progress progress("reading", "tokens");
    const double count = static_cast<double>(tokens.size());
    const auto report = [&](double share) {
      progress.update(static_cast<std::uint64_t>(share * count), tokens.size());
    };
    if (options.tail != 0) {
      context::Pot pot(engine.model(), *session,
                       to_pot_options(options.distill, engine.tokenizer()));
      pot.clear(1);
      if (bos >= 0) {
        tokens.insert(tokens.begin(), bos);
      }
      measured = eval::tail_perplexity(engine.model(), pot, tokens, options.tail, report);
    } else {
      measured =
          eval::perplexity(engine.model(), *session, sequences, session->context(), bos, report);
    }
  }
  if (common.json) {
    print_json({{"perplexity", measured.perplexity}, {"tokens", measured.tokens}});
  } else {
    print(fmt::format("perplexity {:.4f} over {} tokens\n", measured.perplexity, measured.tokens));
  }
  return Exit::ok;
}

}  // namespace

Action declare_perplexity(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  add_text_input(command, options->text);
  add_scoring_options(command, options->scoring);
  add_adapter_option(command, options->engine);
  add_session_options(command, options->session);
  command.add_option("--tail", options->tail,
                     "Count the last so many tokens alone, with all before them in the context, "
                     "which --distill keeps to its size; 0: all, in windows that start afresh");
  add_distill_options(command, options->distill);
  add_engine_options(command, options->engine);
  return [options, &common] { return perplexity(*options, common); };
}

}  // namespace crayon::cli
