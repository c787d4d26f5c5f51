#pragma once

#include <functional>
#include <span>

#include "runtime/model/compute.h"
#include "runtime/model/linear/low_rank_group.h"
#include "runtime/model/matrix.h"

namespace crayon::model {

/// One linear map y = W x + b of a batch of tokens.
struct LinearMap {
  const Matrix* weights;  ///< [rows][inputs]
  const float* bias;      ///< [rows], or null
  float* y;               ///< [tokens][rows]
  bool add = false;       ///< to what y holds, instead of replacing it
};

/// Linear maps that read the same input.
struct LinearGroup {
  std::span<const LinearMap> maps;  ///< 1 to most_shared_maps
  /// What adapters add: nothing, or runs that are all tokens. Several share their factors, and have
  /// weights of their own.
  std::span<const LowRankRun> low_rank;
  const float* x;  ///< [tokens][inputs]
  std::size_t tokens;
  float range = 0;  ///< of x in int8, for all tokens; 0: each token has its own
};

struct LinearScratch {
  QuantizedScratch quantized;  ///< the input in int8
  LowRankScratch low_rank;
};

/// Work on a part of a batch's tokens, or of a matrix's rows.
using RangeWork = std::function<void(Range)>;

/// Applies the maps. `produce` writes x of some tokens before it is read; it may be empty. The
/// input is quantised once for all maps, and their rows are shared out over the threads as if they
/// were one matrix. Each row of a result is the same bits for every number of tokens and of
/// threads.
void apply(const LinearGroup& group, const RangeWork& produce, LinearScratch& scratch,
           const Compute& compute);

/// The same for maps with equally many rows, of which `consume` gets some of all maps, of all
/// tokens, while they are in the cache.
void apply_and_consume(const LinearGroup& group, const RangeWork& produce, const RangeWork& consume,
                       LinearScratch& scratch, const Compute& compute);

}  // namespace crayon::model
