#include "runtime/eval/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/eval/scored_text.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string reference, other;
  TextInput text;
  EngineOptions engine;
  SessionOptions session;
  eval::TextScoring scoring;
};

std::vector<eval::Sequence> tokens_of(const std::string& text, const Options& options,
                                      const Engine& reference, const Engine& other) {
  std::vector<eval::Sequence> sequences =
      eval::sequences_of(text, options.scoring, reference.tokenizer());
  if (eval::sequences_of(text, options.scoring, other.tokenizer()) != sequences) {
    throw Error(Code::bad_argument,
                fmt::format("{} and {} make different tokens of the text", options.reference,
                            options.other),
                "compare models that share a tokenizer");
  }
  return sequences;
}

void print_text(const eval::Comparison& compared) {
  print(fmt::format("tokens      {}\n", compared.tokens));
  print(fmt::format("perplexity  {:.4f}, reference {:.4f}, ratio {:.5f}\n", compared.perplexity,
                    compared.reference_perplexity,
                    compared.perplexity / compared.reference_perplexity));
  print(fmt::format("KL          mean {:.6f}, median {:.6f}, 99 % {:.6f}, largest {:.6f}\n",
                    compared.kl_mean, compared.kl_median, compared.kl_p99, compared.kl_largest));
  print(fmt::format("same top    {:.2f} %\n", 100 * compared.same_top));
  if (compared.layers.empty()) {
    return;
  }
  print("\n| layer | relative deviation | largest deviation |\n|---:|---:|---:|\n");
  for (std::size_t layer = 0; layer < compared.layers.size(); ++layer) {
    print(fmt::format("| {} | {:.5f} | {:.4g} |\n", layer, compared.layers[layer].relative,
                      compared.layers[layer].largest));
  }
}

Json json_of(const eval::Comparison& compared) {
  Json layers = Json::array();
  for (const eval::LayerDeviation& layer : compared.layers) {
    layers.push_back({{"relative", layer.relative}, {"largest", layer.largest}});
  }
  return {{"tokens", compared.tokens},
          {"reference_perplexity", compared.reference_perplexity},
          {"perplexity", compared.perplexity},
          {"kl_mean", compared.kl_mean},
          {"kl_median", compared.kl_median},
          {"kl_p99", compared.kl_p99},
          {"kl_largest", compared.kl_largest},
          {"same_top", compared.same_top},
          {"layers", layers}};
}

Exit compare(const Options& options, const Common& common) {
  const std::string text = read(options.text);
  const Engine reference(options.reference, options.engine);
  const Engine other(options.other, options.engine);
  const std::vector<eval::Sequence> sequences = tokens_of(text, options, reference, other);
  std::uint64_t count = 0;
  for (const eval::Sequence& sequence : sequences) {
    count += sequence.tokens.size();
  }
  const auto reference_session = reference.bare_session(options.session);
  const auto other_session = other.bare_session(options.session);
  const formats::TokenizerData& tokenizer = reference.tokenizer().data();
  const eval::Cut cut{std::min(reference_session->context(), other_session->context()),
                      tokenizer.add_bos && tokenizer.bos ? *tokenizer.bos : -1};
  eval::Comparison compared;
  {
    Progress progress("reading", "tokens");
    compared = eval::compare(
        {&reference.model(), reference_session.get()}, {&other.model(), other_session.get()},
        sequences, cut, [&](double share) {
          progress.update(static_cast<std::uint64_t>(share * static_cast<double>(count)), count);
        });
  }
  if (common.json) {
    print_json(json_of(compared));
  } else {
    print_text(compared);
  }
  return Exit::ok;
}

}  // namespace

Action declare_compare(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("REFERENCE", options->reference, "A model bundle, say in f32").required();
  command.add_option("MODEL", options->other, "The one to be judged: the same model, quantised")
      .required();
  add_text_input(command, options->text);
  add_scoring_options(command, options->scoring);
  add_session_options(command, options->session);
  add_engine_options(command, options->engine);
  return [options, &common] { return compare(*options, common); };
}

}  // namespace crayon::cli
