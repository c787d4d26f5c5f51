#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
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

constexpr std::uint64_t indicators_limit = std::uint64_t{64} << 20;  // bytes of the JSON file

struct Options {
  std::vector<std::string> members;
  std::string base;
  std::string output;
  std::string indicators;  ///< a JSON file that replaces the examples
  float tau = 0.1f;
  EngineOptions engine;
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

/// Scales a vector to length 1. `owner` names it when that cannot be done.
void normalise(std::span<float> vector, const std::string& owner) {
  double squares = 0;
  for (const float value : vector) {
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  if (!std::isfinite(squares) || squares == 0) {
    throw Error(Code::malformed, owner + ": the indicator has no direction",
                "give it other examples");
  }
  for (float& value : vector) {
    value = static_cast<float>(static_cast<double>(value) / std::sqrt(squares));
  }
}

/// The indicator of one adapter: the mean of its examples' query embeddings, [query_dim].
std::vector<float> indicator_of(const std::filesystem::path& examples, const Engine& engine) {
  const std::vector<std::string> texts = read_examples(examples);
  const std::vector<float> embeddings =  // [texts][query_dim]
      adapters::embed(engine.model(), engine.tokenizer(), texts);
  const std::size_t query_dim = engine.model().config().query_dim();
  std::vector<float> mean(query_dim);
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    mean[i % query_dim] += embeddings[i];
  }
  normalise(mean, examples.string());
  return mean;
}

/// Indicators from a JSON array of arrays, [adapters][query_dim].
std::vector<float> read_indicators(const std::string& path, std::size_t adapters,
                                   std::size_t query_dim) {
  const auto rows = nlohmann::json::parse(read_text(path, indicators_limit), nullptr, false);
  if (!rows.is_array() || rows.size() != adapters) {
    throw Error(Code::malformed,
                fmt::format("{}: not an array of {} indicators, one an adapter", path, adapters));
  }
  std::vector<float> indicators;
  for (const auto& row : rows) {
    const std::size_t begin = indicators.size();
    if (row.is_array() && row.size() == query_dim) {
      for (const auto& value : row) {
        indicators.push_back(value.is_number() ? value.get<float>() : NAN);
      }
    }
    const std::string owner = fmt::format("{}, indicator {}", path, begin / query_dim);
    if (indicators.size() - begin != query_dim) {
      throw Error(Code::malformed, fmt::format("{}: not an array of {} numbers", owner, query_dim));
    }
    normalise(std::span(indicators).subspan(begin), owner);
  }
  return indicators;
}

Exit pack_pool(const Options& options, const Common& common) {
  const Engine engine(options.base, options.engine);
  std::vector<formats::AdapterSource> adapters;
  std::vector<float> indicators;  // [adapters][query_dim]
  for (const std::string& argument : options.members) {
    if (!options.indicators.empty()) {
      adapters.push_back(importers::import_adapter(argument, engine.bundle()));
      continue;
    }
    const Member member = parse_member(argument);
    adapters.push_back(importers::import_adapter(member.adapter, engine.bundle()));
    const std::vector<float> indicator = indicator_of(member.examples, engine);
    indicators.insert(indicators.end(), indicator.begin(), indicator.end());
  }
  if (!options.indicators.empty()) {
    indicators =
        read_indicators(options.indicators, adapters.size(), engine.model().config().query_dim());
  }
  const formats::Hash id =
      formats::pack_pool(adapters, indicators, options.tau, engine.bundle(), options.output);
  if (common.json) {
    Json names = Json::array();
    for (const formats::AdapterSource& adapter : adapters) {
      names.push_back(adapter.name);
    }
    print_json({{"path", options.output},
                {"id", formats::to_hex(id)},
                {"adapters", names},
                {"tau", options.tau}});
  } else {
    print(fmt::format("{}: {} adapters, tau {:g}\n", options.output, adapters.size(), options.tau));
  }
  return Exit::ok;
}

}  // namespace

Action declare_pack_pool(CLI::App& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command
      .add_option("ADAPTER", options->members,
                  "LoRAs (PEFT folder, GGUF), each with texts of its kind: DIR=EXAMPLES.jsonl, or "
                  "DIR that holds examples.jsonl")
      ->required();
  command.add_option("-b,--base", options->base, "The model bundle that they belong to")
      ->required();
  command.add_option("-o,--output", options->output, "The pool bundle to write")->required();
  command.add_option("--indicators", options->indicators,
                     "JSON file with one array of numbers an ADAPTER, instead of examples");
  command.add_option("--tau", options->tau, "Temperature of the blend that the pool asks for")
      ->check(CLI::Range(1e-4, 1e4))
      ->capture_default_str();
  add_engine_options(command, options->engine);
  return [options, &common] { return pack_pool(*options, common); };
}

}  // namespace crayon::cli
