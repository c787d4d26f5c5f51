#include "runtime/model/linear/packed_low_rank.h"

#include <algorithm>
#include <cassert>

namespace crayon::model {

PackedLowRank::PackedLowRank(const StackedFactors& factors, std::span<const float> weights,
                             const kernels::Layout& layout)
    : factors_(factors), scale_(factors.a.rows) {
  for (const StackedFactors::Slice& slice : factors.slices) {
    for (std::size_t j = 0; j < slice.factors->rank; ++j) {
      scale_[slice.first + j] = weights[slice.adapter] * slice.factors->rank_scale[j];
    }
  }
  for (std::size_t row = 0; row < scale_.size(); row += layout.down.rows_per_block) {
    const std::size_t end = std::min(row + layout.down.rows_per_block, scale_.size());
    const auto first = scale_.begin() + static_cast<std::ptrdiff_t>(row);
    const auto last = scale_.begin() + static_cast<std::ptrdiff_t>(end);
    if (std::all_of(first, last, [](float scale) { return scale == 0.0f; })) {
      continue;
    }
    if (!in_use_.empty() && in_use_.back().end == row) {
      in_use_.back().end = end;
    } else {
      in_use_.push_back({row, end});
    }
  }
}

void PackedLowRank::down(const LinearInput& input, Range tokens, Range rows,
                         LowRankScratch& scratch, const kernels::KernelSet& kernels) const {
  kernels.down_i8(factors_.a, rows.begin, rows.end,
                  kernels::tokens_of(input.i8, tokens.begin, tokens.end),
                  {scratch.z.data() + tokens.begin * ranks(), ranks()});
}

void PackedLowRank::scale(const LinearInput& input, Range tokens, LowRankScratch& scratch,
                          const kernels::KernelSet& kernels) const {
  for (std::size_t t = tokens.begin; t < tokens.end; ++t) {
    float* const z = scratch.z.data() + t * ranks();
    for (std::size_t j = 0; j < ranks(); ++j) {
      z[j] = scale_[j] == 0.0f ? 0.0f : scale_[j] * z[j];
    }
    for (const StackedFactors::Slice& slice : factors_.slices) {
      if (const TokenRouter& router = slice.factors->router; !router.empty()) {
        const std::size_t stride = TokenRouter::scratch(router.experts());
        assert((t + 1) * stride <= scratch.routes.size());
        router.apply({input.x + t * input.inputs, input.inputs}, z + slice.first,
                     scratch.routes.data() + t * stride, kernels);
      }
    }
    for (std::size_t map = 0; map < most_shared_maps; ++map) {
      if (const StackedFactors::Map& to = factors_.maps[map]; to.b.ranks != 0) {
        const kernels::ActivationsI8 its = scratch.quantized[map].as(input.tokens, to.b.ranks);
        kernels.quantize_i8(z + to.first, to.b.ranks, t, its);
        its.scale[t] *= to.unit;
      }
    }
  }
}

std::optional<kernels::LowRankUp> PackedLowRank::fused_up(std::size_t map, std::size_t tokens,
                                                          LowRankScratch& scratch) const {
  const kernels::FactorsB& b = factors_.maps[map].b;
  if (b.ranks == 0) {
    return std::nullopt;
  }
  // A batch of tokens takes so long with each block that what comes next need not be asked for.
  const kernels::Ahead ahead = tokens == 1 ? factors_.maps[map].ahead : kernels::Ahead{};
  return kernels::LowRankUp{b, scratch.quantized[map].as(tokens, b.ranks), ahead};
}

}  // namespace crayon::model
