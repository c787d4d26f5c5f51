#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "train/learn/batches.h"
#include "train/learn/loss.h"
#include "train/learn/trainer.h"
#include "train/model/decoder.h"
#include "train/scales/rounded_linear.h"
#include "train/tokens/shard.h"
#include "train/verbs/run_options.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t llama_kv_heads = 4;  // unless the command line says otherwise

struct Options {
  std::vector<std::string> shards;  ///< FILE or FILE=WEIGHT
  std::string output;
  std::string tokenizer;
  std::string from;
  std::int64_t grow_layers = 0;
  std::string family = "llama";
  Config shape{.dim = 256, .layers = 6, .heads = 8, .kv_heads = 0, .hidden = 704};
  LossWeights loss{.text = 1.0f, .prompt = 0.1f, .answer = 1.0f};
  OptimizerOptions rates{.adam_rate = 2e-3, .muon_rate = 0.006, .weight_decay = 0.01};
  std::string optimizer = "muon";
  std::string save_type = "f32";
  std::string rounding = "none";
  TrainingOptions training;
};

/// One shard with its share of every step.
struct Source {
  Shard shard;
  double share;
  std::unique_ptr<Batcher> batcher;
};

/// FILE=SHARE, or FILE with a share of 1.
std::pair<std::string, double> parse_shard(const std::string& argument) {
  const std::size_t equals = argument.rfind('=');
  if (equals == std::string::npos) {
    return {argument, 1.0};
  }
  const char* const last = argument.data() + argument.size();
  double share = 0;
  const auto [end, failure] = std::from_chars(argument.data() + equals + 1, last, share);
  if (failure != std::errc{} || end != last || !std::isfinite(share) || share <= 0) {
    throw Error(Code::bad_argument, fmt::format("{}: what follows the = is no share", argument),
                "write FILE or FILE=SHARE, with a number above 0 such as 0.2");
  }
  return {argument.substr(0, equals), share};
}

std::vector<std::unique_ptr<Source>> open_sources(const Options& options) {
  std::vector<std::unique_ptr<Source>> sources;
  double total = 0;
  for (const std::string& argument : options.shards) {
    const auto [file, share] = parse_shard(argument);
    auto source = std::make_unique<Source>();
    source->shard = read_shard(file);
    source->share = share;
    total += share;
    sources.push_back(std::move(source));
  }
  const TrainingOptions& training = options.training;
  for (const auto& source : sources) {
    source->share /= total;
    const auto tokens =
        static_cast<std::int64_t>(static_cast<double>(training.batch_tokens) * source->share);
    source->batcher =
        std::make_unique<Batcher>(source->shard, tokens, training.longest, training.seed);
    if (source->shard.vocab_size != sources.front()->shard.vocab_size) {
      throw Error(Code::bad_argument, "the shards were encoded by different tokenizers",
                  "encode them again with one");
    }
  }
  return sources;
}

Weights start(const Options& options, std::int64_t vocab) {
  if (!options.from.empty()) {
    Weights weights = Weights::load(options.from);
    return options.grow_layers > 0 ? grow(weights, options.grow_layers) : weights;
  }
  Config config = options.shape;
  config.family = options.family == "gpt2" ? Family::gpt2 : Family::llama;
  config.vocab = vocab;
  if (config.kv_heads == 0) {
    config.kv_heads = config.family == Family::llama ? llama_kv_heads : config.heads;
  }
  if (config.head_dim == 0) {
    config.head_dim = config.dim / std::max<std::int64_t>(config.heads, 1);
  }
  return Weights::random(config, options.training.seed);
}

/// The tokenizer's files stand beside the weights in a model's folder.
void copy_tokenizer(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    if (fs::exists(from / name) && !fs::equivalent(from, to)) {
      fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing);
    }
  }
}

Exit pretrain(const Options& options) {
  const TrainingOptions& training = options.training;
  training.apply();
  torch::manual_seed(training.seed);
  const auto sources = open_sources(options);
  Weights weights = start(options, sources.front()->shard.vocab_size);
  if (weights.config.vocab != sources.front()->shard.vocab_size) {
    throw Error(Code::bad_argument, "the shards were encoded by another tokenizer than the model's",
                "encode them with the tokenizer of --from");
  }
  weights.to(training.torch_device());
  weights.require_grad(true);
  fmt::print(stderr, "{:.2f} M parameters, {} layers of width {}\n",
             static_cast<double>(parameters(weights.config)) / 1e6, weights.config.layers,
             weights.config.dim);

  Optimizer optimizer(weights.named(), options.optimizer == "muon", options.rates);
  ChannelScales unit_scales(weights.config);
  unit_scales.to(training.torch_device());
  const Rounding rounding;  // the runtime's
  const auto make_gradients = [&] {
    StepResult result{0, 0, {}};
    for (const auto& source : sources) {
      Batch batch =
          make_batch(source->shard, source->batcher->next(), options.loss, training.longest);
      batch.to(training.torch_device());
      Compute compute = training.compute();
      if (options.rounding == "int8") {
        compute.linear = rounded_linear(unit_scales, rounding, batch);
      }
      const torch::Tensor loss = loss_of(weights, batch, nullptr, compute);
      (loss * source->share).backward();
      result.parts.push_back(loss.item<double>());
      result.loss += result.parts.back() * source->share;
      result.tokens += batch.tokens;
    }
    return result;
  };
  const auto skip = [&] {
    for (const auto& source : sources) {
      source->batcher->next();
    }
  };
  train(training.run, weights.named(), optimizer, make_gradients, skip);

  weights.to(torch::kCPU);
  weights.save(options.output, options.save_type == "bf16" ? torch::kBFloat16 : torch::kFloat32);
  copy_tokenizer(options.tokenizer.empty() ? options.from : options.tokenizer, options.output);
  return Exit::ok;
}

}  // namespace

Action declare_pretrain(CLI::App& command) {
  auto options = std::make_shared<Options>();
  Config& shape = options->shape;
  command.add_option("SHARD", options->shards, "Token shards, each FILE or FILE=SHARE of a step")
      ->required();
  command.add_option("-o,--output", options->output, "The model's folder")->required();
  command.add_option("--tokenizer", options->tokenizer,
                     "Folder of the tokenizer, whose files are copied beside the weights");
  command.add_option("--from", options->from, "Start from this Hugging Face folder");
  command.add_option("--grow", options->grow_layers,
                     "With --from: first grow to so many layers, without changing the function");
  command.add_option("--family", options->family, "Of a new model: llama or gpt2")
      ->capture_default_str()
      ->check(CLI::IsMember({"llama", "gpt2"}));
  command.add_option("--dim", shape.dim, "Width of the residual stream")->capture_default_str();
  command.add_option("--layers", shape.layers, "Layers")->capture_default_str();
  command.add_option("--heads", shape.heads, "Query heads")->capture_default_str();
  command.add_option("--kv-heads", shape.kv_heads,
                     "Key and value heads; default: 4, or all heads of a GPT-2");
  command.add_option("--hidden", shape.hidden, "Width of the MLP")->capture_default_str();
  command.add_option("--context", shape.context, "Positions")->capture_default_str();
  command
      .add_option("--prompt-weight", options->loss.prompt,
                  "Weight of a question's tokens in the loss")
      ->capture_default_str();
  command
      .add_option("--optimizer", options->optimizer,
                  "Of the hidden matrices: muon or adamw; all else takes AdamW")
      ->capture_default_str()
      ->check(CLI::IsMember({"muon", "adamw"}));
  command.add_option("--rate", options->rates.adam_rate, "AdamW's peak learning rate")
      ->capture_default_str();
  command.add_option("--muon-rate", options->rates.muon_rate, "Muon's peak learning rate")
      ->capture_default_str();
  command.add_option("--save-type", options->save_type, "f32 or bf16")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16"}));
  command
      .add_option("--rounding", options->rounding,
                  "int8: train through projections rounded as the runtime rounds them")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "int8"}));
  add_training_options(command, options->training);
  return [options] {
    options->training.run.folder = options->output;
    return pretrain(*options);
  };
}

}  // namespace crayon::train
