#include "runtime/engine/pool_blend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/process.h"
#include "formats/packer.h"
#include "runtime/adapters/adapter_set.h"
#include "runtime/adapters/rules/answer_loss.h"
#include "runtime/adapters/rules/approximate.h"
#include "runtime/adapters/rules/arrow.h"
#include "runtime/adapters/rules/logo.h"
#include "runtime/adapters/rules/lorahub.h"
#include "runtime/adapters/rules/simple_rules.h"
#include "runtime/generation/answer_tokens.h"

namespace crayon::engine {
namespace {

using adapters::Blend;
using adapters::Part;
using adapters::Pool;
using eval::TaskItem;
using Details = std::vector<std::pair<std::string, double>>;

constexpr std::string_view rules[] = {"crayon", "nearest", "uniform", "arrow", "lorahub", "logo"};

/// How many adapters may share the weight.
std::uint32_t top_k(const BlendOptions& options, const Pool& pool) {
  return options.top_k != 0 ? options.top_k : static_cast<std::uint32_t>(pool.adapters.size());
}

/// The examples as the model is asked them, with the tokens of their answers where there are any.
std::vector<generation::AnsweredPrompt> prompts_of(const std::vector<TaskItem>& examples,
                                                   const Engine& engine) {
  const tokenizer::Tokenizer& tokenizer = engine.tokenizer();
  std::vector<generation::AnsweredPrompt> prompts;
  prompts.reserve(examples.size());
  for (const TaskItem& example : examples) {
    prompts.push_back(generation::answered_prompt(example.content(), example.answer,
                                                  tokenizer.data().chat_format, tokenizer));
  }
  return prompts;
}

Blend logo(const BlendOptions& options, const Engine& engine, const Pool& pool,
           const std::vector<TaskItem>& examples) {
  std::vector<std::vector<formats::Token>> prompts;
  for (generation::AnsweredPrompt& example : prompts_of(examples, engine)) {
    prompts.push_back(std::move(example.prompt));
  }
  return adapters::logo_rule(engine.model(), pool.adapters, prompts, top_k(options, pool));
}

Blend lorahub(const BlendOptions& options, const Engine& engine, const Pool& pool,
              const std::vector<TaskItem>& examples, Details& details) {
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
  details = {{"loss", result.loss},
             {"base_loss", result.base_loss},
             {"evaluations", static_cast<double>(result.evaluations)}};
  return {{}, result.weights};
}

Blend weigh(const BlendOptions& options, const Engine& engine, const Pool& pool,
            const std::vector<TaskItem>& examples, std::span<const float> embeddings,
            Details& details) {
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
void add_parts(std::span<const Part> parts, const BlendOptions& options, const std::string& name,
               ThreadPool& threads, PoolBlend& result) {
  if (!options.merge_factors && options.rank == 0) {
    result.adapter = result.sum.emplace(parts, name).head();
    return;
  }
  adapters::Approximation approximation =
      options.merge_factors
          ? adapters::merge_factors(parts, name)
          : adapters::recompress(adapters::Sum(parts, name), options.rank, threads);
  result.adapter = std::move(approximation.adapter);
  result.details.emplace_back("error", approximation.error);
}

/// An adapter that changes nothing, as a bundle needs factors: any one, times 0.
formats::AdapterSource nothing(const Pool& pool, const std::string& name) {
  formats::AdapterSource adapter = pool.adapters.front();
  adapter.name = name;
  adapter.scale = 0;
  return adapter;
}

/// One adapter of the pool's, among which every token chooses.
PoolBlend route_tokens(const BlendOptions& options, const Pool& pool, const std::string& name) {
  return {
      .blend = {},
      .adapter = adapters::arrow(
          pool.adapters, {.top_k = top_k(options, pool), .temperature = options.temperature}, name),
      .sum = {},
      .details = {}};
}

/// The sum of the pool's, with the weights that the rule gives.
PoolBlend add_up(const BlendOptions& options, const Engine& engine, const Pool& pool,
                 const std::vector<TaskItem>& examples, std::span<const float> embeddings,
                 const std::string& name) {
  PoolBlend result;
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

void check(const BlendOptions& options, bool any_examples) {
  if (std::ranges::find(rules, options.rule) == std::end(rules)) {
    throw Error(Code::bad_argument, fmt::format("there is no rule \"{}\"", options.rule),
                fmt::format("use one of {}", fmt::join(rules, ", ")));
  }
  if (options.needs_examples() && !any_examples) {
    throw Error(Code::bad_argument, fmt::format("rule {} needs examples", options.rule),
                "give it a few questions: with `crayon blend`, --examples FILE.jsonl");
  }
  const bool approximates = options.rank != 0 || options.merge_factors;
  if (options.rule == "arrow" && approximates) {
    throw Error(Code::bad_argument, "arrow keeps every adapter's factors, to choose among them",
                "leave rank and merge-factors out");
  }
  if (options.rank != 0 && options.merge_factors) {
    throw Error(Code::bad_argument, "rank and merge-factors are two ways to one small adapter",
                "use one of them");
  }
}

std::vector<float> embeddings_of(const std::vector<TaskItem>& examples, const Engine& engine,
                                 const Pool& pool) {
  std::vector<std::string> texts;
  texts.reserve(examples.size());
  for (const TaskItem& example : examples) {
    texts.push_back(example.content());
  }
  return adapters::embed(engine.model(), engine.tokenizer(), texts, pool.embedding);
}

PoolBlend blend_pool(const BlendOptions& options, const Engine& engine, const Pool& pool,
                     const std::vector<TaskItem>& examples, const std::string& name) {
  check(options, !examples.empty());
  const std::vector<float> embeddings = embeddings_of(examples, engine, pool);
  PoolBlend result = options.rule == "arrow"
                         ? route_tokens(options, pool, name)
                         : add_up(options, engine, pool, examples, embeddings, name);
  if (!examples.empty()) {
    result.adapter.scope =
        formats::Scope{pool.embedding, adapters::centre_of(embeddings, pool.dim())};
  }
  return result;
}

formats::AdapterSource whole_adapter(const PoolBlend& blend) {
  formats::AdapterSource adapter = blend.adapter;
  if (blend.sum) {
    adapter.factors.resize(blend.sum->size());
    for (std::size_t i = 0; i < adapter.factors.size(); ++i) {
      blend.sum->make(i, adapter.factors[i]);
    }
  }
  return adapter;
}

double pack_blend(const PoolBlend& blend, const formats::Bundle& base,
                  const std::filesystem::path& path) {
  double seconds = 0;
  if (!blend.sum) {
    formats::pack_adapter(blend.adapter, base, path);
    return seconds;
  }
  const auto make = [&](std::size_t i, formats::SourceLora& factor) {
    const double started = monotonic_seconds();
    blend.sum->make(i, factor);
    seconds += monotonic_seconds() - started;
  };
  formats::pack_adapter(blend.adapter, blend.sum->size(), make, base, path);
  return seconds;
}

}  // namespace crayon::engine
