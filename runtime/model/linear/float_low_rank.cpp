#include "runtime/model/linear/float_low_rank.h"

#include <algorithm>
#include <cassert>

namespace crayon::model {

FloatLowRank::FloatLowRank(std::span<const WeightedAdapter> adapters, std::uint32_t layer,
                           std::span<const formats::Projection> maps) {
  for (std::size_t map = 0; map < maps.size(); ++map) {
    for (const WeightedAdapter& each : adapters) {
      const LowRank& factors = each.adapter->at(layer, maps[map]);
      if (factors.rank != 0 && each.weight != 0.0f) {
        parts_.push_back({&factors, each.weight, map, all_.end});
        all_.end += factors.rank;
      }
    }
  }
}

void FloatLowRank::down(const LinearInput& input, Range tokens, Range rows, LowRankScratch& scratch,
                        const kernels::KernelSet& kernels) const {
  for (const Part& part : parts_) {
    const LowRank& factors = *part.factors;
    const Range its = overlap(rows, {part.first, part.first + factors.rank});
    if (its.empty()) {
      continue;
    }
    assert(its.size() == factors.rank || tokens.size() == 1);
    const std::size_t first = its.begin - part.first;
    kernels.low_rank_down(&factors.a[first * input.inputs], its.size(), input.inputs,
                          &factors.rank_scale[first], input.x + tokens.begin * input.inputs,
                          input.inputs, tokens.size(),
                          z_of(part, input.tokens, scratch) + tokens.begin * factors.rank + first);
  }
}

void FloatLowRank::scale(const LinearInput& input, Range tokens, LowRankScratch& scratch,
                         const kernels::KernelSet& kernels) const {
  for (const Part& part : parts_) {
    const std::size_t rank = part.factors->rank;
    const TokenRouter& router = part.factors->router;
    const std::size_t stride = TokenRouter::scratch(router.experts());
    for (std::size_t t = tokens.begin; t < tokens.end; ++t) {
      float* const z = z_of(part, input.tokens, scratch) + t * rank;
      std::transform(z, z + rank, z, [&](float value) { return part.weight * value; });
      if (!router.empty()) {
        assert((t + 1) * stride <= scratch.routes.size());
        router.apply({input.x + t * input.inputs, input.inputs}, z,
                     scratch.routes.data() + t * stride, kernels);
      }
    }
  }
}

void FloatLowRank::up(std::size_t map, std::size_t tokens, Range rows, LowRankScratch& scratch,
                      const kernels::Output& y, const kernels::KernelSet& kernels) const {
  for (const Part& part : parts_) {
    if (part.map == map) {
      kernels.low_rank_up(part.factors->b.data(), part.factors->rank, rows.begin, rows.end,
                          z_of(part, tokens, scratch), tokens, y.y, y.stride);
    }
  }
}

}  // namespace crayon::model
