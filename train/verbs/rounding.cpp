// crayon-train rounding: what rounding a model costs, by how activations are rounded and by the
// channel scales that are folded in before.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/scales/judge.h"
#include "train/scales/learn_scales.h"
#include "train/tokens/shard.h"
#include "train/verbs/run_options.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::string base;
  std::vector<std::string> shards;
  std::string calibrate;
  std::vector<std::string> scales;
  std::string weights = "int8";
  std::int64_t tokens = std::numeric_limits<std::int64_t>::max();
  std::int64_t calibrate_tokens = 131'072;
  bool json = false;
  TrainingOptions run;  // of which this verb has device, threads, batches and lengths alone
};

/// Scales with the name that the table has for them.
struct NamedScales {
  std::string name;
  ChannelScales scales;
};

Shard open_shard(const std::string& path, const Config& config) {
  Shard shard = read_shard(path);
  if (shard.vocab_size != config.vocab) {
    throw Error(Code::bad_argument, path + " was encoded by another tokenizer than the base's",
                "encode it with the tokenizer in the base's folder");
  }
  return shard;
}

/// Nothing without texts to calibrate on.
Maxima calibrated(const Options& options, const Weights& base) {
  if (options.calibrate.empty()) {
    return {};
  }
  const Shard shard = open_shard(options.calibrate, base.config);
  const std::int64_t longest = options.run.longest;
  std::vector<Batch> batches;
  for (const auto& examples :
       by_length(shard, first_examples(shard, options.calibrate_tokens, longest),
                 options.run.batch_tokens, longest)) {
    batches.push_back(make_batch(shard, examples, {}, longest));
    batches.back().to(options.run.torch_device());
  }
  return observe(base, batches, {});
}

std::list<NamedScales> scales_to_compare(const Options& options, const Weights& base,
                                         const Maxima& observed) {
  std::list<NamedScales> all;
  all.push_back({"none", ChannelScales(base.config)});
  if (!observed.empty()) {
    all.push_back({"smoothquant", closed_form(base, observed)});
  }
  for (const std::string& path : options.scales) {
    all.push_back({path, ChannelScales::load(base.config, path)});
  }
  for (NamedScales& each : all) {
    each.scales.to(options.run.torch_device());
  }
  return all;
}

/// Every choice of scales with every way, and Q8_0's blocks.
std::vector<Candidate> candidates_of(const Options& options, const std::list<NamedScales>& scales,
                                     const Maxima& observed) {
  const WeightRounding weights = weight_rounding_named(options.weights);
  std::vector<Candidate> all;
  for (const NamedScales& each : scales) {
    all.push_back({each.name, &each.scales, {Activations::token, weights, {}}});
    all.push_back({each.name, &each.scales, {Activations::tensor, weights, {}}});
    if (!observed.empty()) {
      all.push_back({each.name, &each.scales, {Activations::fixed, weights, observed}});
    }
  }
  const NamedScales& none = scales.front();
  all.push_back({none.name, &none.scales, {Activations::blocks, WeightRounding::blocks, {}}});
  return all;
}

/// What smoothing could mend.
void print_outliers(const Maxima& observed) {
  std::string text;
  for (const Place place : all_places) {
    if (const double ratio = outlier_ratio(observed, place); ratio > 0) {
      text += fmt::format("{}{} {:.1f}", text.empty() ? "" : ", ", name_of(place), ratio);
    }
  }
  fmt::print("largest channel / median channel, mean of the layers: {}\n", text);
}

/// How the model of a row computes.
struct Row {
  std::string scales;
  std::string activations;
  std::string weights;
};

std::vector<Row> rows_of(const std::vector<Candidate>& candidates) {
  std::vector<Row> rows = {{"-", "f32", "f32"}};
  for (const Candidate& candidate : candidates) {
    rows.push_back({candidate.scales_name, name_of(candidate.rounding.activations),
                    name_of(candidate.rounding.weights)});
  }
  return rows;
}

void print_json(const std::string& shard, const Row& row, const Judgement& judged,
                const Judgement& floats) {
  const nlohmann::ordered_json line = {{"shard", shard},
                                       {"scales", row.scales},
                                       {"activations", row.activations},
                                       {"weights", row.weights},
                                       {"tokens", judged.tokens},
                                       {"perplexity", judged.perplexity()},
                                       {"ratio", judged.perplexity() / floats.perplexity()},
                                       {"kl", judged.kl},
                                       {"same_top", judged.same_top}};
  fmt::print("{}\n", line.dump());
}

void print_table(const std::string& shard, const std::vector<Row>& rows,
                 const std::vector<Judgement>& judged) {
  std::size_t width = std::string("scales").size();
  for (const Row& row : rows) {
    width = std::max(width, row.scales.size());
  }
  fmt::print("{}: {:.0f} predicted tokens\n", shard, judged.front().tokens);
  fmt::print("{:<{}}  activations  weights  perplexity   / f32       KL  same top\n", "scales",
             width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    fmt::print("{:<{}}  {:<11}  {:<7}  {:>10.3f}  {:.4f}  {:.5f}  {:>6.2f} %\n", rows[i].scales,
               width, rows[i].activations, rows[i].weights, judged[i].perplexity(),
               judged[i].perplexity() / judged.front().perplexity(), judged[i].kl,
               100 * judged[i].same_top);
  }
}

Exit rounding(const Options& options) {
  options.run.apply();
  Weights base = Weights::load(options.base);
  base.to(options.run.torch_device());
  std::vector<Shard> shards;
  for (const std::string& path : options.shards) {
    shards.push_back(open_shard(path, base.config));
  }
  const Maxima observed = calibrated(options, base);
  if (!options.json && !observed.empty()) {
    print_outliers(observed);
  }
  const std::list<NamedScales> scales = scales_to_compare(options, base, observed);
  const std::vector<Candidate> candidates = candidates_of(options, scales, observed);
  const std::vector<Row> rows = rows_of(candidates);
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const std::vector<Judgement> judged = judge(base, candidates, shards[s], options.tokens,
                                                options.run.batch_tokens, options.run.longest);
    if (!options.json) {
      print_table(options.shards[s], rows, judged);
    }
    for (std::size_t i = 0; options.json && i < rows.size(); ++i) {
      print_json(options.shards[s], rows[i], judged[i], judged.front());
    }
    std::fflush(stdout);  // the next shard may take long
  }
  return Exit::ok;
}

}  // namespace

Action declare_rounding(CLI::App& command) {
  auto options = std::make_shared<Options>();
  options->run.batch_tokens = 2048;
  const auto count = [&](const char* name, std::int64_t& value, const char* text) {
    command.add_option_function<std::string>(
        name, [&value](const std::string& given) { value = parse_count(given); }, text);
  };
  command.add_option("BASE", options->base, "A Hugging Face folder")->required();
  command.add_option("SHARD", options->shards, "Encoded texts or examples to judge on")->required();
  command.add_option("--calibrate", options->calibrate,
                     "Encoded texts for SmoothQuant's scales and for static ranges; without, those "
                     "are left out");
  command.add_option("--scales", options->scales, "A scales.safetensors to judge, too")
      ->take_all()
      ->expected(1);
  command.add_option("--weights", options->weights, "int8 or int4")
      ->capture_default_str()
      ->check(CLI::IsMember({"int8", "int4"}));
  count("--tokens", options->tokens, "Tokens of each shard; default: all");
  count("--calibrate-tokens", options->calibrate_tokens, "Of --calibrate; default: 131072");
  count("--batch-tokens", options->run.batch_tokens, "Tokens at once; default: 2048");
  command
      .add_option("--longest", options->run.longest, "Longer examples are cut to so many tokens")
      ->capture_default_str()
      ->check(CLI::Range(2, 1 << 20));
  command.add_option("--device", options->run.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("-t,--threads", options->run.threads, "CPU threads; 0: all")
      ->capture_default_str();
  command.add_flag("--json", options->json, "A line for each row instead of tables");
  return [options] { return rounding(*options); };
}

}  // namespace crayon::train
