#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "train/model/decoder.h"
#include "train/pool/clusters.h"
#include "train/pool/embedding.h"
#include "train/pool/usage.h"
#include "train/verbs/adapt.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

namespace fs = std::filesystem;

constexpr int kmeans_iterations = 50;

struct Options {
  std::string base;
  std::string shard;
  std::string output;
  std::int64_t size = 8;
  double tau = 0.1;
  bool hard = false;
  std::string embedding = "query-mean";
  AdapterOptions adapter;
};

/// POOL/pool.json: what `crayon pack-pool` reads beside the adapters' folders.
void write_description(const Options& options, const torch::Tensor& centroids) {
  nlohmann::json adapters = nlohmann::json::array();
  nlohmann::json indicators = nlohmann::json::array();
  for (std::int64_t n = 0; n < options.size; ++n) {
    adapters.push_back(fmt::format("adapter{}", n));
    const torch::Tensor row = centroids[n].contiguous();
    indicators.push_back(
        std::vector<float>(row.data_ptr<float>(), row.data_ptr<float>() + row.numel()));
  }
  const nlohmann::json description = {{"tau", options.tau},
                                      {"embedding", options.embedding},
                                      {"training", options.hard ? "hard" : "soft"},
                                      {"adapters", adapters},
                                      {"indicators", indicators}};
  write_text(fs::path(options.output) / "pool.json", description.dump(1) + "\n");
}

Exit pool(const Options& options) {
  const TrainingOptions& training = options.adapter.training;
  training.apply();
  const EmbeddingKind kind = EmbeddingKind::parse(options.embedding);
  Weights base = Weights::load(options.base);
  base.to(training.torch_device());
  const Shard shard = read_shard(options.shard);
  const torch::Tensor points = embed_all(base, shard, kind, training.batch_tokens, training.longest,
                                         training.torch_device());
  const torch::Tensor centroids =
      spherical_kmeans(points, options.size, kmeans_iterations, training.seed);
  const torch::Tensor mixture = mixture_weights(points, centroids, options.tau, options.hard);
  report_clusters(shard, points, centroids, mixture);
  const LoraPool adapters = train_adapters(base, shard, mixture, options.size, options.adapter);
  report_similarity(adapters);
  for (std::int64_t n = 0; n < options.size; ++n) {
    save_peft(adapters, n, fs::path(options.output) / fmt::format("adapter{}", n), options.base);
  }
  write_description(options, centroids);
  return Exit::ok;
}

}  // namespace

Action declare_pool(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("BASE", options->base, "A Hugging Face folder")->required();
  command.add_option("SHARD", options->shard, "Encoded examples of many tasks, with answers")
      ->required();
  command.add_option("-o,--output", options->output, "The pool's folder")->required();
  command.add_option("-N,--size", options->size, "Adapters in the pool")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command.add_option("--tau", options->tau, "Temperature of the mixture; small ones harden it")
      ->capture_default_str()
      ->check(CLI::Range(1e-4, 1e4));
  command.add_flag("--hard", options->hard, "Train each example with its nearest adapter alone");
  command
      .add_option("--embedding", options->embedding,
                  "What stands for a prompt: query-mean, hidden-L-mean or hidden-L-last")
      ->capture_default_str();
  add_adapter_options(command, options->adapter);
  return [options] {
    options->adapter.training.run.folder = options->output;
    return pool(*options);
  };
}

}  // namespace crayon::train
