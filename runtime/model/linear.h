#pragma once

#include <cstdint>
#include <span>

#include "runtime/model/adapter.h"
#include "runtime/model/compute.h"
#include "runtime/model/matrix.h"
#include "runtime/model/quantized.h"

namespace crayon::model {

/// Maps that read the same input, at most: queries, keys and values.
inline constexpr std::size_t most_shared_maps = 3;

/// weight * B (s * (A x)), added to a linear map.
struct LowRankPart {
  const LowRank* factors;  ///< of rank 1 or above
  float weight;
};

/// One linear map y = W x + b + sum of its low-rank parts, of a batch of tokens. The parts stay
/// beside the weights, which are shared by everyone who runs with other adapters.
struct LinearMap {
  const Matrix* weights;                  ///< [rows][inputs]
  const float* bias;                      ///< [rows], or null
  std::span<const LowRankPart> low_rank;  ///< may be empty
  float* y;                               ///< [tokens][rows], the result
};

/// Scratch that linear maps need: the inputs in int8, and A x.
struct LinearScratch {
  QuantizedScratch quantized;
  AlignedArray<float> low_rank;  ///< [tokens x ranks of all parts of the maps, summed]
  AlignedArray<float> routes;    ///< [tokens][TokenRouter::scratch of the most experts]
};

/// Applies 1 to most_shared_maps maps that share the input x [tokens][inputs]. The input is
/// quantised once for all of them, and their rows are shared out over the threads as if they were
/// one matrix. Each row of a result is the same bits for every number of tokens and of threads.
void apply(std::span<const LinearMap> maps, const float* x, std::size_t tokens,
           LinearScratch& scratch, const Compute& compute);

}  // namespace crayon::model
