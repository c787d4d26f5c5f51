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
    measured = eval::perplexity(
        engine.model(), *session, sequences, session->context(), bos, [&](double share) {
          progress.update(static_cast<std::uint64_t>(share * count), tokens.size());
        });
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
  add_engine_options(command, options->engine);
  return [options, &common] { return perplexity(*options, common); };
}

}  // namespace crayon::cli
