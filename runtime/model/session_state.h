#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/model/adapter.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/linear/adapter_table.h"
#include "runtime/model/linear/linear.h"
#include "runtime/model/model.h"
#include "runtime/model/rope.h"

namespace crayon::model {

/// Tokens that a step takes at most: all that there are where each of them sees all.
std::uint32_t step_tokens(const formats::ModelConfig& config, std::uint32_t context);

/// Elements of each scratch array, for steps of up to `batch` tokens.
struct ScratchSizes {
  ScratchSizes(const formats::ModelConfig& config, std::uint32_t context);
  std::uint64_t bytes() const;

  std::uint64_t batch, residual, input, projected, queries, kv, hidden;
  std::uint64_t quantized;  // the most inputs of a linear map
};

/// Activations of one step. B is the batch.
struct Scratch {
  explicit Scratch(const ScratchSizes& sizes);

  AlignedArray<float> residual;           ///< [B][dim]: the stream that every block adds to
  AlignedArray<float> input;              ///< [B][inputs]: what the next linear maps read
  AlignedArray<float> projected;          ///< [B][dim]: what a block adds
  AlignedArray<float> queries;            ///< [B][query_dim]
  AlignedArray<float> keys;               ///< [B][kv_dim]
  AlignedArray<float> values;             ///< [B][kv_dim]
  AlignedArray<float> gate;               ///< [B][hidden_dim]
  AlignedArray<float> up;                 ///< [B][hidden_dim]
  std::vector<LowRankRun> low_rank_runs;  ///< of the maps that are being applied
  LinearScratch linear;                   ///< its low-rank part is made when an adapter is attached
  AlignedArray<std::int8_t> unpacked;     ///< [dim]: a row of the embedding
};

struct Session::State {
  State(const Model& its_model, std::uint32_t context, KvDtype kv);

  const Model* model;
  std::uint32_t position = 0;
  KvCache cache;
  Rotation rotation;
  Scratch scratch;
  AdapterTable adapters;
  ProjectionWatcher watcher;   ///< or empty
  LayerWatcher layer_watcher;  ///< or empty
  QueryWatcher query_watcher;  ///< or empty
};

}  // namespace crayon::model
