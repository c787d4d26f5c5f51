#include "train/verbs/adapt.h"

#include "base/error.h"
#include "train/learn/batches.h"
#include "train/learn/loss.h"

namespace crayon::train {

void add_adapter_options(CLI::App& command, AdapterOptions& options) {
  command.add_option("-r,--rank", options.rank, "Rank of an adapter")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command.add_option("--alpha", options.alpha, "The product counts alpha / rank times")
      ->capture_default_str();
  command.add_option("--rate", options.rate, "AdamW's peak learning rate")->capture_default_str();
  options.training.run.decay = 0.8;
  add_training_options(command, options.training);
}

LoraPool train_adapters(Weights& base, const Shard& shard, const torch::Tensor& mixture,
                        std::int64_t size, const AdapterOptions& options) {
  const TrainingOptions& training = options.training;
  if (shard.vocab_size != base.config.vocab) {
    throw Error(Code::bad_argument,
                "the examples were encoded by another tokenizer than the base's",
                "encode them with the tokenizer in the base's folder");
  }
  const torch::Device device = training.torch_device();
  base.to(device);
  base.require_grad(false);
  LoraPool pool = LoraPool::random(base.config, size, options.rank, options.alpha, training.seed);
  pool.to(device);
  pool.require_grad(true);
  Optimizer optimizer(pool.named(), false, {.adam_rate = options.rate});
  Batcher batcher(shard, training.batch_tokens, training.longest, training.seed);
  const auto make_gradients = [&]() -> StepResult {
    Batch batch = make_batch(shard, batcher.next(), {}, training.longest);
    batch.to(device);
    const Mixture mix{
        &pool, mixture.index_select(0, torch::tensor(batch.examples, torch::kInt64)).to(device)};
    const torch::Tensor loss = loss_of(base, batch, &mix, training.compute());
    loss.backward();
    return {loss.item<double>(), batch.tokens, {}};
  };
  train(training.run, pool.named(), optimizer, make_gradients, [&] { batcher.next(); });
  pool.to(torch::kCPU);
  return pool;
}

}  // namespace crayon::train
