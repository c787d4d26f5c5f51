#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/model/adapter.h"
#include "runtime/model/linear/low_rank_group.h"

namespace crayon::model {

/// Factors as the adapters hold them, in f32: for bases in f32 and f16, which they add to exactly.
class FloatLowRank final : public LowRankGroup {
 public:
  /// The factors of `adapters` for a group of the model's maps. They must stay where they are.
  FloatLowRank(std::span<const WeightedAdapter> adapters, std::uint32_t layer,
               std::span<const formats::Projection> maps);

  std::size_t ranks() const override { return all_.end; }
  std::span<const Range> rows_in_use() const override { return {&all_, 1}; }
  void down(const LinearInput& input, Range tokens, Range rows, LowRankScratch& scratch,
            const kernels::KernelSet& kernels) const override;
  void scale(const LinearInput& input, Range tokens, LowRankScratch& scratch,
             const kernels::KernelSet& kernels) const override;
  std::optional<kernels::LowRankUp> fused_up(std::size_t, std::size_t,
                                             LowRankScratch&) const override {
    return std::nullopt;
  }
  void up(std::size_t map, std::size_t tokens, Range rows, LowRankScratch& scratch,
          const kernels::Output& y, const kernels::KernelSet& kernels) const override;

 private:
  struct Part {
    const LowRank* factors;
    float weight;
    std::size_t map;
    std::size_t first;  // rank among those of the group
  };
  /// z [tokens][rank] of a part
  float* z_of(const Part& part, std::size_t tokens, LowRankScratch& scratch) const {
    return scratch.z.data() + part.first * tokens;
  }

  std::vector<Part> parts_;
  Range all_{0, 0};  // rows of A
};

}  // namespace crayon::model
