#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options.h"

namespace crayon::cli {

void add_distill_options(Command& command, DistillOptions& options) {
  command
      .add_option("--distill", options.rule,
                  fmt::format("What stays when the context is full: none, which is an error, {}",
                              fmt::join(context::rule_names(), ", ")))
      .value_name("RULE")
      .show_default();
  command
      .add_option("--keep", options.keep,
                  "Share of the context's positions that stay when it is distilled")
      .within(0.01f, 0.99f)
      .show_default();
  command
      .add_option("--surprise-share", options.surprise_share,
                  "infinipot: share of what stays that is chosen by surprise, and not by the "
                  "attention of the catalyst")
      .within(0.0f, 1.0f)
      .show_default();
  command
      .add_option(
          "--surprise", options.surprise,
          "How surprise is measured: over the full vocabulary or, where that is large, over "
          "an eighth of it")
      .one_of({"full", "sampled"})
      .show_default();
  command.add_option("--catalyst", options.catalyst,
                     "infinipot, cap: the prompt whose attention says what matters");
}

context::PotOptions to_pot_options(const DistillOptions& options,
                                   const tokenizer::Tokenizer& tokenizer) {
  context::PotOptions pot;
  pot.rule = options.rule;
  pot.keep = options.keep;
  pot.rules.surprise_share = options.surprise_share;
  pot.normaliser =
      options.surprise == "sampled" ? model::Normaliser::sampled : model::Normaliser::full;
  pot.catalyst = tokenizer.encode(options.catalyst, {.add_bos = false, .continues = true});
  return pot;
}

}  // namespace crayon::cli
