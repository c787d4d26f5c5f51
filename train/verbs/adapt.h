#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "train/model/lora.h"
#include "train/tokens/shard.h"
#include "train/verbs/run_options.h"

namespace crayon::train {

/// Options of the verbs that train low-rank adapters on a frozen base.
struct AdapterOptions {
  std::int64_t rank = 8;
  double alpha = 16;
  double rate = 2e-3;
  TrainingOptions training;
};

void add_adapter_options(CLI::App& command, AdapterOptions& options);

/// Trains `size` adapters together on the answers of a shard's examples. mixture [examples][size]:
/// each example's weights of them.
LoraPool train_adapters(Weights& base, const Shard& shard, const torch::Tensor& mixture,
                        std::int64_t size, const AdapterOptions& options);

}  // namespace crayon::train
