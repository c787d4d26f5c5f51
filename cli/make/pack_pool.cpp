#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/engine.h"
#include "cli/examples.h"
#include "cli/make/pool_description.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/importers/importers.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"

namespace crayon::cli {
namespace {

struct Options {
  std::vector<std::string> members;
  std::string base;
  std::string output;
  std::string indicators;  ///< a JSON file that replaces the examples
  std::optional<float> tau;
  std::string embedding;
  EngineOptions engine;
};

/// All that makes a pool.
struct Contents {
  std::vector<formats::AdapterSource> adapters;
  formats::PoolIndex index;
};

/// One adapter of the pool to be, and the texts that it was trained on.
struct Member {
  std::filesystem::path adapter;
  std::filesystem::path examples;
};

/// "DIR=EXAMPLES.jsonl"; a bare "DIR" has its examples in DIR/examples.jsonl.
Member parse_member(const std::string& argument) {
  const std::size_t equals = argument.rfind('=');
  if (equals == std::string::npos) {
    return {argument, std::filesystem::path(argument) / "examples.jsonl"};
  }
  return {argument.substr(0, equals), argument.substr(equals + 1)};
}

/// The indicator of one adapter: the mean of its examples' embeddings, [dim].
std::vector<float> indicator_of(const std::filesystem::path& examples, const Engine& engine,
                                formats::Embedding embedding) {
  const std::vector<float> embeddings =  // [texts][dim]
      adapters::embed(engine.model(), engine.tokenizer(), read_examples(examples), embedding);
  return adapters::centre_of(embeddings, embedding.dim(engine.model().config()));
}

/// LoRAs from here and there, with examples or with a file of indicators.
Contents gather(const Options& options, const Engine& engine) {
  Contents contents;
  formats::PoolIndex& index = contents.index;
  index.tau = options.tau.value_or(index.tau);
  index.embedding =
      formats::parse_embedding(options.embedding.empty() ? "query-mean" : options.embedding);
  index.embedding.check(engine.model().config());
  for (const std::string& argument : options.members) {
    if (!options.indicators.empty()) {
      contents.adapters.push_back(importers::import_adapter(argument, engine.bundle()));
      continue;
    }
    const Member member = parse_member(argument);
    contents.adapters.push_back(importers::import_adapter(member.adapter, engine.bundle()));
    const std::vector<float> indicator = indicator_of(member.examples, engine, index.embedding);
    index.indicators.insert(index.indicators.end(), indicator.begin(), indicator.end());
  }
  if (!options.indicators.empty()) {
    index.indicators =
        to_indicators(read_json(options.indicators), contents.adapters.size(),
                      index.embedding.dim(engine.model().config()), options.indicators);
  }
  return contents;
}

/// A folder that `crayon-train pool` wrote: pool.json, and a folder for each adapter.
Contents read_folder(const Options& options, const Engine& engine) {
  const std::filesystem::path folder = options.members.front();
  const std::string where = (folder / "pool.json").string();
  if (!options.indicators.empty() || !options.embedding.empty()) {
    throw Error(Code::bad_argument, where + " says what the indicators are",
                "leave --indicators and --embedding out");
  }
  const PoolDescription pool = read_pool_description(where, engine.model().config());
  Contents contents{.adapters = {}, .index = pool.index};
  contents.index.tau = options.tau.value_or(pool.index.tau);
  for (const std::string& name : pool.names) {
    contents.adapters.push_back(importers::import_adapter(folder / name, engine.bundle()));
  }
  return contents;
}

bool is_pool_folder(const Options& options) {
  return options.members.size() == 1 &&
         std::filesystem::exists(std::filesystem::path(options.members.front()) / "pool.json");
}

Exit pack_pool(const Options& options, const Common& common) {
  const Engine engine(options.base, options.engine);
  const Contents contents =
      is_pool_folder(options) ? read_folder(options, engine) : gather(options, engine);
  const formats::Hash id =
      formats::pack_pool(contents.adapters, contents.index, engine.bundle(), options.output);
  const std::string embedding = formats::embedding_name(contents.index.embedding);
  if (common.json) {
    Json names = Json::array();
    for (const formats::AdapterSource& adapter : contents.adapters) {
      names.push_back(adapter.name);
    }
    print_json({{"path", options.output},
                {"id", formats::to_hex(id)},
                {"adapters", names},
                {"tau", contents.index.tau},
                {"embedding", embedding}});
  } else {
    print(fmt::format("{}: {} adapters, tau {:g}, embedding {}\n", options.output,
                      contents.adapters.size(), contents.index.tau, embedding));
  }
  return Exit::ok;
}

}  // namespace

Action declare_pack_pool(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option(
          "ADAPTER", options->members,
          "A folder that `crayon-train pool` wrote; or LoRAs (PEFT folder, GGUF), each with "
          "texts of its kind: DIR=EXAMPLES.jsonl, or DIR that holds examples.jsonl")
      .required();
  command.add_option("-b,--base", options->base, "The model bundle that they belong to").required();
  command.add_option("-o,--output", options->output, "The pool bundle to write").required();
  command.add_option("--indicators", options->indicators,
                     "JSON file with one array of numbers an ADAPTER, instead of examples");
  command
      .add_option("--tau", options->tau,
                  "Temperature of the blend that the pool asks for; default: the folder's, or 0.1")
      .within(1e-4, 1e4);
  command.add_option("--embedding", options->embedding,
                     "What indicators are made of: query-mean, hidden-L-mean or hidden-L-last; "
                     "default: query-mean");
  add_engine_options(command, options->engine);
  return [options, &common] { return pack_pool(*options, common); };
}

}  // namespace crayon::cli
