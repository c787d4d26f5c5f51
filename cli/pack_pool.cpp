#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/engine.h"
#include "cli/examples.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/importers/importers.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t json_limit = std::uint64_t{64} << 20;  // bytes of a JSON file

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

/// Indicators from an array of arrays, [adapters][dim], each scaled to length 1. `where` names it.
std::vector<float> to_indicators(const nlohmann::json& rows, std::size_t adapters, std::size_t dim,
                                 const std::string& where) {
  if (!rows.is_array() || rows.size() != adapters) {
    throw Error(Code::malformed,
                fmt::format("{}: not an array of {} indicators, one an adapter", where, adapters));
  }
  std::vector<float> indicators;
  for (const auto& row : rows) {
    std::vector<float> values;
    for (std::size_t i = 0; row.is_array() && i < row.size(); ++i) {
      values.push_back(row[i].is_number() ? row[i].get<float>() : NAN);
    }
    if (values.size() != dim || !std::ranges::all_of(values, [](float v) { return v == v; })) {
      throw Error(Code::malformed, fmt::format("{}, indicator {}: not an array of {} numbers",
                                               where, indicators.size() / dim, dim));
    }
    const std::vector<float> indicator = adapters::centre_of(values, dim);
    indicators.insert(indicators.end(), indicator.begin(), indicator.end());
  }
  return indicators;
}

nlohmann::json read_json(const std::filesystem::path& path) {
  auto value = nlohmann::json::parse(read_text(path, json_limit), nullptr, false);
  if (value.is_discarded()) {
    throw Error(Code::malformed, fmt::format("{}: not JSON", path.string()));
  }
  return value;
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
  const nlohmann::json pool = read_json(where);
  try {
    Contents contents;
    contents.index.tau = options.tau.value_or(pool.at("tau").get<float>());
    contents.index.embedding = formats::parse_embedding(pool.at("embedding").get<std::string>());
    contents.index.embedding.check(engine.model().config());
    for (const auto& name : pool.at("adapters").get<std::vector<std::string>>()) {
      contents.adapters.push_back(importers::import_adapter(folder / name, engine.bundle()));
    }
    contents.index.indicators =
        to_indicators(pool.at("indicators"), contents.adapters.size(),
                      contents.index.embedding.dim(engine.model().config()), where);
    return contents;
  } catch (const nlohmann::json::exception& error) {
    throw Error(Code::malformed, fmt::format("{}: {}", where, error.what()),
                "write {\"tau\", \"embedding\", \"adapters\": [names], \"indicators\": [[..]]}");
  }
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

Action declare_pack_pool(CLI::App& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option(
          "ADAPTER", options->members,
          "A folder that `crayon-train pool` wrote; or LoRAs (PEFT folder, GGUF), each with "
          "texts of its kind: DIR=EXAMPLES.jsonl, or DIR that holds examples.jsonl")
      ->required();
  command.add_option("-b,--base", options->base, "The model bundle that they belong to")
      ->required();
  command.add_option("-o,--output", options->output, "The pool bundle to write")->required();
  command.add_option("--indicators", options->indicators,
                     "JSON file with one array of numbers an ADAPTER, instead of examples");
  command
      .add_option("--tau", options->tau,
                  "Temperature of the blend that the pool asks for; default: the folder's, or 0.1")
      ->check(CLI::Range(1e-4, 1e4));
  command.add_option("--embedding", options->embedding,
                     "What indicators are made of: query-mean, hidden-L-mean or hidden-L-last; "
                     "default: query-mean");
  add_engine_options(command, options->engine);
  return [options, &common] { return pack_pool(*options, common); };
}

}  // namespace crayon::cli
