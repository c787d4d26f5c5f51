#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "kernels/kernel_set.h"
#include "runtime/model/aligned.h"
#include "runtime/model/linear/map_group.h"
#include "runtime/model/linear/quantized.h"
#include "runtime/model/range.h"

namespace crayon::model {

/// A batch of inputs in the forms that the kernels take.
struct LinearInput {
  const float* x;  ///< [tokens][inputs]
  std::size_t tokens;
  std::size_t inputs;
  kernels::ActivationsI8 i8;  ///< of no token when nothing reads it
};

/// What low-rank factors need: z = A x, for all maps of a group.
struct LowRankScratch {
  AlignedArray<float> z;       ///< [tokens x ranks of the group]
  AlignedArray<float> routes;  ///< [tokens][TokenRouter::scratch of the most experts]
  std::array<QuantizedScratch, most_shared_maps> quantized;  ///< z of each map in int8
};

/// What adapters add to the maps of one input: y += B (s * (A x)) for each of them. A and B are the
/// factors of all adapters side by side, s their scales and weights. Immutable.
class LowRankGroup {
 public:
  virtual ~LowRankGroup() = default;

  /// Rows of A, of all maps.
  virtual std::size_t ranks() const = 0;
  /// The rows whose scale is not 0, in ascending order: what down() must give before scale().
  virtual std::span<const Range> rows_in_use() const = 0;
  /// z = A x for some tokens, and some rows of A. Tokens begin at a multiple of the layout's
  /// tokens_per_group, rows at one of its down.rows_per_block.
  virtual void down(const LinearInput& input, Range tokens, Range rows, LowRankScratch& scratch,
                    const kernels::KernelSet& kernels) const = 0;
  /// z = s * z for some tokens, in the form that up() reads, when all their rows are there.
  virtual void scale(const LinearInput& input, Range tokens, LowRankScratch& scratch,
                     const kernels::KernelSet& kernels) const = 0;
  /// B z of one map and all tokens of the input, where the kernels add it to a product as they
  /// write that.
  virtual std::optional<kernels::LowRankUp> fused_up(std::size_t map, std::size_t tokens,
                                                     LowRankScratch& scratch) const = 0;
  /// Where they do not: y [tokens][rows of the map] += B z for some rows of one map.
  virtual void up(std::size_t map, std::size_t tokens, Range rows, LowRankScratch& scratch,
                  const kernels::Output& y, const kernels::KernelSet& kernels) const = 0;
};

/// Tokens of a batch, with the weights that they give the factors.
struct LowRankRun {
  const LowRankGroup* group;
  Range tokens;
};

}  // namespace crayon::model
