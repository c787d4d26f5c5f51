#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "cli/blend_rule.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/pool_description.h"
#include "cli/remote_blend.h"
#include "cli/verbs.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/eval/task_file.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string pool;
  std::string base;
  std::string examples;  ///< may be empty for a rule that needs none
  std::string output;
  RuleOptions rule;
  EngineOptions engine;
  PoolServer remote;  ///< url empty: the pool is here
  transport::TlsOptions remote_tls;
};

adapters::Pool open_pool(const std::string& path, const formats::Bundle& base) {
  const formats::Bundle bundle = formats::Bundle::open(path);
  if (bundle.info().kind != formats::BundleKind::pool) {
    throw Error(Code::bad_argument, fmt::format("{} is not a pool", path),
                "name a bundle that `crayon pack-pool` made");
  }
  return adapters::Pool::load(bundle, base);
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
Blended blend_remotely(const Options& options, const Engine& engine, const adapters::Pool& pool,
                       const std::vector<eval::TaskItem>& examples, const std::string& name) {
  if (options.rule.rule != "crayon" || options.rule.rank != 0 || options.rule.merge_factors) {
    throw Error(Code::bad_argument, "--remote goes with the exact sum of --rule crayon only",
                "leave the other options of the rule out, or blend a pool that is here");
  }
  const std::vector<float> embeddings = embeddings_of(examples, engine, pool);
  Blended blended;
  blended.details = Json::object();
  blended.blend = adapters::crayon_rule(embeddings, pool.indicators, pool.dim(),
                                        options.rule.tau.value_or(pool.tau), options.rule.drop);
  PoolServer server = options.remote;
  server.client = to_client_options(options.remote_tls);
  if (const char* const key = std::getenv("CRAYON_REMOTE_API_KEY")) {
    server.api_key = key;
  }
  blended.adapter = fetch_blend(server, blended.blend.weights, engine.bundle());
  blended.adapter.name = name;
  blended.adapter.scope =
      formats::Scope{pool.embedding, adapters::centre_of(embeddings, pool.dim())};
  return blended;
}

std::vector<eval::TaskItem> open_examples(const Options& options) {
  if (!options.examples.empty()) {
    return eval::read_task_file(options.examples);
  }
  if (options.rule.needs_examples()) {
    throw Error(Code::bad_argument, fmt::format("rule {} needs examples", options.rule.rule),
                "name them: --examples FILE.jsonl");
  }
  return {};
}

void print_blend(const Blended& blended, const adapters::Pool& pool) {
  const adapters::Blend& blend = blended.blend;
  for (std::size_t n = 0; n < blend.weights.size(); ++n) {
    const std::string score =
        blend.scores.empty() ? "" : fmt::format("score {:7.4f}  ", blend.scores[n]);
    print(fmt::format("{:<24} {}weight {:.4f}\n", pool.adapters[n].name, score, blend.weights[n]));
  }
  for (const auto& [name, value] : blended.details.items()) {
    print(fmt::format("{:<24} {}\n", name, value.dump()));
  }
}

/// Writes the adapter. Returns the milliseconds of adding up the factors, without writing.
double write(const Blended& blended, const formats::Bundle& base, const std::string& path) {
  double seconds = 0;
  if (blended.sum) {
    const auto make = [&](std::size_t i, formats::SourceLora& factor) {
      const double started = monotonic_seconds();
      blended.sum->make(i, factor);
      seconds += monotonic_seconds() - started;
    };
    formats::pack_adapter(blended.adapter, blended.sum->size(), make, base, path);
  } else {
    formats::pack_adapter(blended.adapter, base, path);
  }
  return 1e3 * seconds;
}

/// Milliseconds. Reading the files is in neither.
struct Times {
  double blend;  ///< embedding the examples, the rule, and adding up the factors
  double write;  ///< compressing, hashing and storing the bundle
};

Json to_json(const Blended& blended, const RuleOptions& rule, const Times& times) {
  Json out = {{"scores", blended.blend.scores},
              {"weights", blended.blend.weights},
              {"milliseconds", times.blend},
              {"write_milliseconds", times.write},
              {"rule", rule.rule},
              {"rank", blended.adapter.rank}};
  out.update(blended.details);
  return out;
}

Exit blend(const Options& options, const Common& common) {
  const std::vector<eval::TaskItem> examples = open_examples(options);
  const Engine engine(options.base, options.engine);
  const bool remote = !options.remote.url.empty();
  const adapters::Pool pool = remote ? open_indicators(options.pool, engine.bundle())
                                     : open_pool(options.pool, engine.bundle());
  const std::string name = std::filesystem::path(options.output).stem().string();

  const double started = monotonic_seconds();
  const Blended blended = remote ? blend_remotely(options, engine, pool, examples, name)
                                 : apply_rule(options.rule, engine, pool, examples, name);
  const double applied = 1e3 * (monotonic_seconds() - started);
  const double added = write(blended, engine.bundle(), options.output);
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
  add_rule_options(command, options->rule);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return blend(*options, common); };
}

}  // namespace crayon::cli
