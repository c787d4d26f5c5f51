#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "cli/engine.h"
#include "cli/examples.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string pool;
  std::string base;
  std::string examples;
  std::string output;
  std::optional<float> tau;
  EngineOptions engine;
};

adapters::Pool open_pool(const std::string& path, const formats::Bundle& base) {
  const formats::Bundle bundle = formats::Bundle::open(path);
  if (bundle.info().kind != formats::BundleKind::pool) {
    throw Error(Code::bad_argument, fmt::format("{} is not a pool", path),
                "name a bundle that `crayon pack-pool` made");
  }
  return adapters::Pool::load(bundle, base);
}

Exit blend(const Options& options, const Common& common) {
  const std::vector<std::string> texts = read_examples(options.examples);
  const Engine engine(options.base, options.engine);
  const adapters::Pool pool = open_pool(options.pool, engine.bundle());

  // What a device does when its user hands it examples; loading and writing are not part of it.
  const double started = monotonic_seconds();
  const std::vector<float> embeddings = adapters::embed(engine.model(), engine.tokenizer(), texts);
  const adapters::Blend result =
      adapters::crayon_rule(embeddings, pool.indicators, engine.model().config().query_dim(),
                            options.tau.value_or(pool.tau));
  std::vector<adapters::Part> parts;
  for (std::size_t i = 0; i < pool.adapters.size(); ++i) {
    parts.push_back({&pool.adapters[i], result.weights[i]});
  }
  const formats::AdapterSource mine =
      adapters::concatenate(parts, std::filesystem::path(options.output).stem().string());
  const double milliseconds = (monotonic_seconds() - started) * 1e3;

  formats::pack_adapter(mine, engine.bundle(), options.output);
  if (common.json) {
    print_json(
        {{"scores", result.scores}, {"weights", result.weights}, {"milliseconds", milliseconds}});
    return Exit::ok;
  }
  for (std::size_t i = 0; i < pool.adapters.size(); ++i) {
    print(fmt::format("{:<24} score {:7.4f}  weight {:.4f}\n", pool.adapters[i].name,
                      result.scores[i], result.weights[i]));
  }
  print(fmt::format("{}: rank {}, blended from {} examples in {:.2f} ms\n", options.output,
                    mine.rank, texts.size(), milliseconds));
  return Exit::ok;
}

}  // namespace

Action declare_blend(CLI::App& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("POOL", options->pool, "A pool bundle")->required();
  command.add_option("-b,--base", options->base, "The model bundle that the pool belongs to")
      ->required();
  command
      .add_option("-e,--examples", options->examples,
                  "JSONL file with a few of your questions: {\"question\": ...} a line")
      ->required();
  command.add_option("-o,--output", options->output, "The adapter bundle to write")->required();
  command
      .add_option("--tau", options->tau,
                  "Temperature: small ones take the nearest adapter; default: the pool's")
      ->check(CLI::Range(1e-4, 1e4));
  add_engine_options(command, options->engine);
  return [options, &common] { return blend(*options, common); };
}

}  // namespace crayon::cli
