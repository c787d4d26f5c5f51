#include "cli/blend_rule.h"

#include <fmt/format.h>

#include <memory>
#include <span>
#include <utility>

#include "base/error.h"
#include "runtime/adapters/adapter_set.h"
#include "runtime/adapters/rules/answer_loss.h"
#include "runtime/adapters/rules/approximate.h"
#include "runtime/adapters/rules/arrow.h"
#include "runtime/adapters/rules/logo.h"
#include "runtime/adapters/rules/lorahub.h"
#include "runtime/adapters/rules/simple_rules.h"
#include "runtime/generation/answer_tokens.h"

namespace crayon::cli {
namespace {

using adapters::Blend;
using adapters::Part;
using adapters::Pool;
using eval::TaskItem;

void check(const RuleOptions& options) {
  const bool approximates = options.rank != 0 || options.merge_factors;
  if (options.rule == "arrow" && approximates) {
    throw Error(Code::bad_argument, "arrow keeps every adapter's factors, to choose among them",
                "leave --rank and --merge-factors out");
  }
  if (options.rank != 0 && options.merge_factors) {
    throw Error(Code::bad_argument, "--rank and --merge-factors are two ways to one small adapter",
                "use one of them");
  }
}

/// How many adapters may share the weight.
std::uint32_t top_k(const RuleOptions& options, const Pool& pool) {
  return options.top_k != 0 ? options.top_k : static_cast<std::uint32_t>(pool.adapters.size());
}

/// The examples as the model is asked them, with the tokens of their answers where there are any.
std::vector<generation::AnsweredPrompt> prompts_of(const std::vector<TaskItem>& examples,
                                                   const Engine& engine) {
  const tokenizer::Tokenizer& tokenizer = engine.tokenizer();
  std::vector<generation::AnsweredPrompt> prompts;
  for (const TaskItem& example : examples) {
    prompts.push_back(generation::answered_prompt(example.content(), example.answer,
                                                  tokenizer.data().chat_format, tokenizer));
  }
  return prompts;
}

Blend logo(const RuleOptions& options, const Engine& engine, const Pool& pool,
           const std::vector<TaskItem>& examples) {
  std::vector<std::vector<formats::Token>> prompts;
  for (generation::AnsweredPrompt& example : prompts_of(examples, engine)) {
    prompts.push_back(std::move(example.prompt));
  }
  return adapters::logo_rule(engine.model(), pool.adapters, prompts, top_k(options, pool));
}

Blend lorahub(const RuleOptions& options, const Engine& engine, const Pool& pool,
              const std::vector<TaskItem>& examples, Json& details) {
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].answer.empty()) {
      throw Error(Code::malformed, fmt::format("example {} has no answer", i + 1),
                  "lorahub learns from answers: give each example an \"answer\"");
    }
  }
  // Every adapter is loaded once; an evaluation only changes their weights.
  const adapters::ResidentPool resident(pool, engine.bundle());
  adapters::AnswerLoss answer_loss(engine.model(), prompts_of(examples, engine));
  const auto loss = [&](std::span<const float> weights) {
    return answer_loss(resident.weighted(weights));
  };
  const adapters::LorahubResult result =
      adapters::lorahub_search(pool.adapters.size(), loss, {.evaluations = options.evaluations});
  details["loss"] = result.loss;
  details["base_loss"] = result.base_loss;
  details["evaluations"] = result.evaluations;
  return {{}, result.weights};
}

Blend weigh(const RuleOptions& options, const Engine& engine, const Pool& pool,
            const std::vector<TaskItem>& examples, std::span<const float> embeddings,
            Json& details) {
  if (options.rule == "nearest") {
    return adapters::nearest_rule(embeddings, pool.indicators, pool.dim());
  }
  if (options.rule == "uniform") {
    return adapters::uniform_rule(pool.adapters.size());
  }
  if (options.rule == "logo") {
    return logo(options, engine, pool, examples);
  }
  if (options.rule == "lorahub") {
    return lorahub(options, engine, pool, examples, details);
  }
  return adapters::crayon_rule(embeddings, pool.indicators, pool.dim(),
                               options.tau.value_or(pool.tau), options.drop);
}

/// Puts the weighted sum into `result`, exact unless the options say otherwise.
void add_parts(std::span<const Part> parts, const RuleOptions& options, const std::string& name,
               ThreadPool& threads, Blended& result) {
  if (!options.merge_factors && options.rank == 0) {
    result.adapter = result.sum.emplace(parts, name).head();
    return;
  }
  adapters::Approximation approximation =
      options.merge_factors
          ? adapters::merge_factors(parts, name)
          : adapters::recompress(adapters::Sum(parts, name), options.rank, threads);
  result.adapter = std::move(approximation.adapter);
  result.details["error"] = approximation.error;
}

/// An adapter that changes nothing, as a bundle needs factors: any one, times 0.
formats::AdapterSource nothing(const Pool& pool, const std::string& name) {
  formats::AdapterSource adapter = pool.adapters.front();
  adapter.name = name;
  adapter.scale = 0;
  return adapter;
}

/// One adapter of the pool's, among which every token chooses.
Blended route_tokens(const RuleOptions& options, const Pool& pool, const std::string& name) {
  return {
      .blend = {},
      .adapter = adapters::arrow(
          pool.adapters, {.top_k = top_k(options, pool), .temperature = options.temperature}, name),
      .sum = {},
      .details = Json::object()};
}

/// The sum of the pool's, with the weights that the rule gives.
Blended add_up(const RuleOptions& options, const Engine& engine, const Pool& pool,
               const std::vector<TaskItem>& examples, std::span<const float> embeddings,
               const std::string& name) {
  Blended result;
  result.details = Json::object();
  result.blend = weigh(options, engine, pool, examples, embeddings, result.details);
  std::vector<Part> parts;
  for (std::size_t n = 0; n < pool.adapters.size(); ++n) {
    if (result.blend.weights[n] != 0.0f) {
      parts.push_back({&pool.adapters[n], result.blend.weights[n]});
    }
  }
  if (parts.empty()) {
    result.adapter = nothing(pool, name);
  } else {
    add_parts(parts, options, name, engine.thread_pool(), result);
  }
  return result;
}

}  // namespace

void add_rule_options(Command& command, RuleOptions& options) {
  command.add_option("--rule", options.rule, "How adapters are weighed")
      .one_of({"crayon", "nearest", "uniform", "arrow", "lorahub", "logo"})
      .show_default();
  command
      .add_option("--tau", options.tau,
                  "crayon: temperature; small ones take the nearest adapter; default: the pool's")
      .within(1e-4, 1e4);
  command.add_option("--drop", options.drop, "crayon: leave adapters of less weight out")
      .within(0.0, 1.0)
      .show_default();
  command
      .add_option("--top-k", options.top_k, "arrow, logo: adapters that share the weight; 0: all")
      .within(0, 4096)
      .show_default();
  command.add_option("--temperature", options.temperature, "arrow: of the softmax over adapters")
      .within(1e-4, 1e4)
      .show_default();
  command.add_option("--evaluations", options.evaluations, "lorahub: passes over the examples")
      .within(1, 1000000)
      .show_default();
  command
      .add_option("--rank", options.rank, "Cut the blend to this rank, losing as little as can be")
      .within(1, 1024);
  command.add_flag("--merge-factors", options.merge_factors,
                   "Sum up A and B apart instead of their products: small, cheap and wrong; for "
                   "comparison only");
}

std::vector<float> embeddings_of(const std::vector<TaskItem>& examples, const Engine& engine,
                                 const Pool& pool) {
  std::vector<std::string> texts;
  for (const TaskItem& example : examples) {
    texts.push_back(example.content());
  }
  return adapters::embed(engine.model(), engine.tokenizer(), texts, pool.embedding);
}

Blended apply_rule(const RuleOptions& options, const Engine& engine, const Pool& pool,
                   const std::vector<TaskItem>& examples, const std::string& name) {
  check(options);
  const std::vector<float> embeddings = embeddings_of(examples, engine, pool);
  Blended result = options.rule == "arrow"
                       ? route_tokens(options, pool, name)
                       : add_up(options, engine, pool, examples, embeddings, name);
  if (!examples.empty()) {
    result.adapter.scope =
        formats::Scope{pool.embedding, adapters::centre_of(embeddings, pool.dim())};
  }
  return result;
}

}  // namespace crayon::cli
