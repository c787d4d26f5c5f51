#pragma once

#include <memory>
#include <vector>

#include "runtime/model/linear/factor_stack.h"
#include "runtime/model/linear/low_rank_group.h"

namespace crayon::model {

/// Factors in int8, for bases in int8 and int4: they run through the same kernels as the base, and
/// cost what their bytes cost.
class PackedLowRank final : public LowRankGroup {
 public:
  /// `weights` [adapters of the stack]; `factors` must stay where they are.
  PackedLowRank(const StackedFactors& factors, std::span<const float> weights,
                const kernels::Layout& layout);

  std::size_t ranks() const override { return factors_.a.rows; }
  std::span<const Range> rows_in_use() const override { return in_use_; }
  void down(const LinearInput& input, Range tokens, Range rows, LowRankScratch& scratch,
            const kernels::KernelSet& kernels) const override;
  void scale(const LinearInput& input, Range tokens, LowRankScratch& scratch,
             const kernels::KernelSet& kernels) const override;
  std::optional<kernels::LowRankUp> fused_up(std::size_t map, std::size_t tokens,
                                             LowRankScratch& scratch) const override;
  void up(std::size_t, std::size_t, Range, LowRankScratch&, const kernels::Output&,
          const kernels::KernelSet&) const override {}

 private:
  const StackedFactors& factors_;
  std::vector<float> scale_;   // [ranks]; 0 where the adapter has weight 0
  std::vector<Range> in_use_;  // in whole blocks
};

}  // namespace crayon::model
