#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "cli/engine.h"
#include "cli/make/pool_description.h"
#include "cli/make/remote_blend.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/adapters/adapters.h"
#include "runtime/engine/adapter_loader.h"
#include "runtime/engine/pool_blend.h"
#include "runtime/eval/task_file.h"

namespace crayon::cli {
namespace {

using engine::PoolBlend;

struct Options {
  std::string pool;
  std::string base;
  std::string examples;  ///< may be empty for a rule that needs none
  std::string output;
  engine::BlendOptions rule;
  EngineOptions engine;
  PoolServer remote;  ///< url empty: the pool is here
  transport::TlsOptions remote_tls;
};

adapters::Pool open_pool(const std::string& path, const formats::Bundle& base) {
  return engine::load_pool(formats::Bundle::open(path), base).pool;
}

/// A pool of which only the indicators are here: what a server told of it, or a whole one.
adapters::Pool open_indicators(const std::string& path, const formats::Bundle& base) {
  if (!path.ends_with(".json")) {
    return open_pool(path, base);
  }
  const PoolDescription description = read_pool_description(path, *base.info().config);
  adapters::Pool pool;
  for (const std::string& name : description.names) {
    pool.adapters.emplace_back().name = name;
  }
  pool.indicators = description.index.indicators;
  pool.tau = description.index.tau;
  pool.embedding = description.index.embedding;
  return pool;
}

/// The examples stay here, and so does what they are about: only the weights are sent.
PoolBlend blend_remotely(const Options& options, const Engine& engine, const adapters::Pool& pool,
                         const std::vector<eval::TaskItem>& examples, const std::string& name) {
  if (options.rule.rule != "crayon" || options.rule.rank != 0 || options.rule.merge_factors) {
    throw Error(Code::bad_argument, "--remote goes with the exact sum of --rule crayon only",
                "leave the other options of the rule out, or blend a pool that is here");
  }
  const std::vector<float> embeddings = engine::embeddings_of(examples, engine, pool);
  PoolBlend blended;
  blended.blend = adapters::crayon_rule(embeddings, pool.indicators, pool.dim(),
                                        options.rule.tau.value_or(pool.tau), options.rule.drop);
  PoolServer server = options.remote;
  server.client = to_client_options(options.remote_tls);
  server.api_key = remote_api_key();
  blended.adapter = fetch_blend(server, blended.blend.weights, engine.bundle());
  blended.adapter.name = name;
  blended.adapter.scope =
      formats::Scope{pool.embedding, adapters::centre_of(embeddings, pool.dim())};
  return blended;
}

std::vector<eval::TaskItem> open_examples(const Options& options) {
  return options.examples.empty() ? std::vector<eval::TaskItem>()
                                  : eval::read_task_file(options.examples);
}

void print_blend(const PoolBlend& blended, const adapters::Pool& pool) {
  const adapters::Blend& blend = blended.blend;
  for (std::size_t n = 0; n < blend.weights.size(); ++n) {
    const std::string score =
        blend.scores.empty() ? "" : fmt::format("score {:7.4f}  ", blend.scores[n]);
    print(fmt::format("{:<24} {}weight {:.4f}\n", pool.adapters[n].name, score, blend.weights[n]));
  }
  for (const auto& [name, value] : blended.details) {
    print(fmt::format("{:<24} {}\n", name, value));
  }
}

/// Milliseconds. Reading the files is in neither.
struct Times {
  double blend;  ///< embedding the examples, the rule, and adding up the factors
  double write;  ///< compressing, hashing and storing the bundle
};

Json to_json(const PoolBlend& blended, const engine::BlendOptions& rule, const Times& times) {
  Json out = {{"scores", blended.blend.scores},
              {"weights", blended.blend.weights},
              {"milliseconds", times.blend},
              {"write_milliseconds", times.write},
              {"rule", rule.rule},
              {"rank", blended.adapter.rank}};
  for (const auto& [name, value] : blended.details) {
    out[name] = value;
  }
  return out;
}

Exit blend(const Options& options, const Common& common) {
  const std::vector<eval::TaskItem> examples = open_examples(options);
  check(options.rule, !examples.empty());
  const Engine engine(options.base, options.engine);
  const bool remote = !options.remote.url.empty();
  const adapters::Pool pool = remote ? open_indicators(options.pool, engine.bundle())
                                     : open_pool(options.pool, engine.bundle());
  const std::string name = std::filesystem::path(options.output).stem().string();

  const double started = monotonic_seconds();
  const PoolBlend blended = remote ? blend_remotely(options, engine, pool, examples, name)
                                   : engine::blend_pool(options.rule, engine, pool, examples, name);
  const double applied = 1e3 * (monotonic_seconds() - started);
  const double added = 1e3 * pack_blend(blended, engine.bundle(), options.output);
  const double all = 1e3 * (monotonic_seconds() - started);
  const Times times = {.blend = applied + added, .write = all - applied - added};
  if (common.json) {
    print_json(to_json(blended, options.rule, times));
    return Exit::ok;
  }
  print_blend(blended, pool);
  print(fmt::format(
      "{}: rank {}, blended by rule {} from {} examples in {:.2f} ms, written in {:.2f} ms\n",
      options.output, blended.adapter.rank, options.rule.rule, examples.size(), times.blend,
      times.write));
  return Exit::ok;
}

void add_blend_options(Command& command, engine::BlendOptions& options) {
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

}  // namespace

Action declare_blend(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option("POOL", options->pool,
                  "A pool bundle; with --remote also what the server tells of its own, "
                  "GET /v1/adapters/pool, in a file *.json")
      .required();
  command.add_option("-b,--base", options->base, "The model bundle that the pool belongs to")
      .required();
  command.add_option("-e,--examples", options->examples,
                     "JSONL file with a few of your questions: {\"question\": ...} a line, with "
                     "\"answer\" for lorahub");
  command.add_option("-o,--output", options->output, "The adapter bundle to write").required();
  command.add_option("--remote", options->remote.url,
                     "Have the server blend its pool, as http://host:port: the weights are sent "
                     "to it and nothing else");
  add_remote_tls_options(command, options->remote_tls);
  add_blend_options(command, options->rule);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return blend(*options, common); };
}

}  // namespace crayon::cli
