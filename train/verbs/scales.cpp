#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "train/scales/learn_scales.h"
#include "train/tokens/shard.h"
#include "train/verbs/run_options.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr int observed_batches = 16;  // that the closed form and static ranges are made of

struct Options {
  std::string base;
  std::string shard;
  std::filesystem::path output;
  std::int64_t block_tokens = 0;
  double rate = 5e-3;
  std::string activations = "token";
  std::string weights = "int8";
  TrainingOptions training;
};

/// What all phases share.
class Learning {
 public:
  Learning(const Options& options, Weights base, const Shard& shard)
      : options_(options),
        base_(std::move(base)),
        shard_(shard),
        device_(options.training.torch_device()),
        scales_(base_.config) {
    base_.to(device_);
    base_.require_grad(false);
    std::vector<Batch> batches;
    Batcher batcher = make_batcher();
    for (int i = 0; i < observed_batches; ++i) {
      batches.push_back(next(batcher));
    }
    rounding_.activations = activations_named(options.activations);
    rounding_.weights = weight_rounding_named(options.weights);
    rounding_.observed = observe(base_, batches, options.training.compute());
    scales_ = closed_form(base_, rounding_.observed);
    for (const auto& [name, theta] : scales_.named()) {
      theta->requires_grad_(true);
    }
  }

  using Step = StepResult (*)(const Weights&, const ChannelScales&, const Rounding&, const Batch&,
                              const Compute&);
  /// Steps until the tokens are seen; its checkpoint and log are in a folder of their own.
  void run(const char* phase, std::int64_t tokens, Step step) {
    RunOptions run = options_.training.run;
    run.tokens = tokens;
    run.folder = options_.output / phase;
    Optimizer optimizer(scales_.named(), false, {.adam_rate = options_.rate});
    Batcher batcher = make_batcher();
    train(
        run, scales_.named(), optimizer,
        [&] { return step(base_, scales_, rounding_, next(batcher), options_.training.compute()); },
        [&] { batcher.next(); });
  }

  void save() {
    scales_.to(torch::kCPU);
    scales_.save(options_.output / "scales.safetensors");
  }

 private:
  Batcher make_batcher() const {
    const TrainingOptions& training = options_.training;
    return {shard_, training.batch_tokens, training.longest, training.seed};
  }
  Batch next(Batcher& batcher) const {
    Batch batch = make_batch(shard_, batcher.next(), {}, options_.training.longest);
    batch.to(device_);
    return batch;
  }

  const Options& options_;
  Weights base_;
  const Shard& shard_;
  torch::Device device_;
  ChannelScales scales_;
  Rounding rounding_;
};

Exit scales(const Options& options) {
  options.training.apply();
  Weights base = Weights::load(options.base);
  const Shard shard = read_shard(options.shard);
  if (shard.vocab_size != base.config.vocab) {
    throw Error(Code::bad_argument, "the texts were encoded by another tokenizer than the base's",
                "encode them with the tokenizer in the base's folder");
  }
  Learning learning(options, std::move(base), shard);
  learning.run("blocks", options.block_tokens, block_step);
  learning.run("whole", options.training.run.tokens, whole_step);
  learning.save();
  return Exit::ok;
}

}  // namespace

Action declare_scales(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("BASE", options->base, "A Hugging Face folder")->required();
  command.add_option("SHARD", options->shard, "Encoded texts or examples")->required();
  command.add_option("-o,--output", options->output, "The folder to write scales.safetensors to")
      ->required();
  command.add_option_function<std::string>(
      "--block-tokens",
      [options](const std::string& given) { options->block_tokens = parse_count(given); },
      "Tokens to see first, with each layer on its own; default: none");
  command.add_option("--rate", options->rate, "AdamW's peak learning rate")->capture_default_str();
  command
      .add_option("--activations", options->activations,
                  "How activations are rounded: one scale a token, one for an example's tensor, or "
                  "a static range")
      ->capture_default_str()
      ->check(CLI::IsMember({"token", "tensor", "static"}));
  command.add_option("--weights", options->weights, "int8 or int4")
      ->capture_default_str()
      ->check(CLI::IsMember({"int8", "int4"}));
  options->training.run.decay = 0.8;
  add_training_options(command, options->training);
  return [options] { return scales(*options); };
}

}  // namespace crayon::train
