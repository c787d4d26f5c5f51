// crayon-train probe: a linear router, which says from a hidden state of the prompt whether the
// device's answer will be right.

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "train/model/decoder.h"
#include "train/model/tensor_file.h"
#include "train/pool/embedding.h"
#include "train/probe/probe.h"
#include "train/verbs/run_options.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr std::uint64_t items_limit = std::uint64_t{256} << 20;  // bytes of the items' file

struct Options {
  std::string base;
  std::string shard;
  std::string items;
  std::string output;
  std::string scores;
  std::string embedding;
  double penalty = 10;
  std::int64_t folds = 5;
  std::uint64_t seed = 1;
  std::int64_t batch_tokens = 8192;
  std::int64_t longest = 1024;
};

/// Field "correct" of each line that `crayon eval --items` wrote: [examples] of 0 and 1.
torch::Tensor read_labels(const std::string& path) {
  std::istringstream lines(read_text(path, items_limit));
  std::vector<float> labels;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      continue;
    }
    const auto item = nlohmann::json::parse(line, nullptr, false);
    if (!item.is_object() || !item.contains("correct") || !item["correct"].is_boolean()) {
      throw Error(Code::malformed,
                  fmt::format("{}, line {}: no field \"correct\"", path, labels.size() + 1),
                  "give the file that crayon eval --items wrote");
    }
    labels.push_back(item["correct"].get<bool>() ? 1.0f : 0.0f);
  }
  return torch::tensor(labels);
}

void write_scores(const std::string& path, const torch::Tensor& scores) {
  std::string text;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    text += fmt::format("{{\"probe\":{:.6f}}}\n", scores[i].item<float>());
  }
  write_text(path, text);
}

Exit probe(const Options& options) {
  const Weights base = Weights::load(options.base);
  const std::string name = options.embedding.empty()
                               ? fmt::format("hidden-{}-last", base.config.layers)
                               : options.embedding;
  const Shard shard = read_shard(options.shard);
  const torch::Tensor labels = read_labels(options.items);
  if (labels.size(0) != static_cast<std::int64_t>(shard.answers.size())) {
    throw Error(Code::bad_argument,
                fmt::format("{} has {} items, {} has {} examples", options.items, labels.size(0),
                            options.shard, shard.answers.size()),
                "evaluate and encode the same task file");
  }
  const torch::Tensor features = embed_all(base, shard, EmbeddingKind::parse(name),
                                           options.batch_tokens, options.longest, torch::kCPU);
  const torch::Tensor held_out =
      held_out_scores(features, labels, options.penalty, options.folds, options.seed);
  fmt::print("{} examples, {:.1f} % right; area under the ROC curve, held out: {:.3f}\n",
             labels.size(0), 100 * labels.mean().item<double>(), auc(held_out, labels));
  if (!options.scores.empty()) {
    write_scores(options.scores, held_out);
  }
  const Probe fitted = fit_probe(features, labels, options.penalty);
  TensorFile file;
  file.tensors = {{"weight", fitted.weight},
                  {"bias", torch::full({1}, fitted.bias, torch::kFloat32)}};
  file.metadata = {{"embedding", name}};
  write_tensors(file, options.output);
  return Exit::ok;
}

}  // namespace

Action declare_probe(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("BASE", options->base, "A Hugging Face folder")->required();
  command.add_option("SHARD", options->shard, "The encoded task file")->required();
  command
      .add_option("--items", options->items,
                  "What crayon eval --items wrote of the same task file: which answers were right")
      ->required();
  command.add_option("-o,--output", options->output, "The probe, a safetensors file")->required();
  command.add_option("--scores", options->scores,
                     "Also write each item's held-out score, as JSONL");
  command.add_option("--embedding", options->embedding,
                     "What the probe sees; default: the last token's state after the last layer");
  command.add_option("--penalty", options->penalty, "L2 penalty on standardised features")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--folds", options->folds, "Parts of the cross-validation")
      ->capture_default_str()
      ->check(CLI::Range(2, 100));
  command.add_option("--seed", options->seed, "Of the parts")->capture_default_str();
  return [options] { return probe(*options); };
}

}  // namespace crayon::train
