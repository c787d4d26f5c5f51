#include "runtime/model/linear/factor_stack.h"

#include <algorithm>
#include <cmath>

#include "formats/packer.h"

namespace crayon::model {
namespace {

using formats::Projection;

/// The slices of one group, in the order of its maps; returns their ranks, summed.
std::size_t list_slices(const FactorStack::Adapters& adapters, std::uint32_t layer,
                        std::span<const Projection> maps, StackedFactors& group) {
  std::size_t ranks = 0;
  for (std::size_t map = 0; map < maps.size(); ++map) {
    group.maps[map].first = ranks;
    for (std::size_t n = 0; n < adapters.size(); ++n) {
      const LowRank& factors = adapters[n]->at(layer, maps[map]);
      if (factors.rank != 0) {
        group.slices.push_back({n, map, ranks, &factors});
        ranks += factors.rank;
      }
    }
  }
  return ranks;
}

void stack_a(StackedFactors& group, const kernels::LayoutI8& layout) {
  const std::size_t inputs = group.a.inputs;
  for (const StackedFactors::Slice& slice : group.slices) {
    for (std::size_t j = 0; j < slice.factors->rank; ++j) {
      group.a.set_row(slice.first + j, std::span(slice.factors->a).subspan(j * inputs, inputs),
                      layout);
    }
  }
}

void stack_b(StackedFactors& group, std::size_t map, const kernels::LayoutI8& layout) {
  StackedFactors::Map& to = group.maps[map];
  std::vector<float> row(to.b.inputs);
  for (std::size_t r = 0; r < to.b.rows; ++r) {
    for (const StackedFactors::Slice& slice : group.slices) {
      if (slice.map == map) {
        const std::size_t rank = slice.factors->rank;
        std::copy_n(&slice.factors->b[r * rank], rank, &row[slice.first - to.first]);
      }
    }
    to.b.set_row(r, row, layout);
  }
}

StackedFactors stacked(const FactorStack::Adapters& adapters, std::uint32_t layer, MapGroup which,
                       const formats::ModelConfig& config, const kernels::LayoutI8& layout) {
  StackedFactors group;
  const std::vector<Projection> maps = projections(which, config);
  const std::size_t ranks = list_slices(adapters, layer, maps, group);
  if (ranks == 0) {
    return group;
  }
  group.a = PackedI8(ranks, formats::projection_shape(config, maps.front()).cols, layout);
  stack_a(group, layout);
  for (std::size_t map = 0; map < maps.size(); ++map) {
    const std::size_t end = map + 1 < maps.size() ? group.maps[map + 1].first : ranks;
    if (const std::size_t its_ranks = end - group.maps[map].first; its_ranks != 0) {
      group.maps[map].b =
          PackedI8(formats::projection_shape(config, maps[map]).rows, its_ranks, layout);
      stack_b(group, map, layout);
    }
  }
  return group;
}

}  // namespace

PackedI8::PackedI8(std::size_t its_rows, std::size_t its_inputs, const kernels::LayoutI8& layout)
    : rows(its_rows),
      inputs(its_inputs),
      data(layout.packed_bytes(rows, inputs)),
      scale(layout.padded_rows(rows)) {
  data.fill_zero();
  scale.fill_zero();
}

void PackedI8::set_row(std::size_t row, std::span<const float> values,
                       const kernels::LayoutI8& layout) {
  float largest = 0;
  for (const float value : values) {
    largest = std::max(largest, std::abs(value));
  }
  const float inverse = largest < 1e-30f ? 0.0f : 127.0f / largest;  // as KernelSet::quantize_i8
  std::vector<std::int8_t> quantized(values.size());
  std::ranges::transform(values, quantized.begin(), [inverse](float value) {
    return static_cast<std::int8_t>(std::nearbyint(value * inverse));
  });
  kernels::pack_row_i8(layout, quantized.data(), row, inputs, data.data());
  scale.data()[row] = largest / 127.0f;
}

FactorStack::FactorStack(Adapters adapters, const formats::ModelConfig& config,
                         const kernels::LayoutI8& layout)
    : adapters_(std::move(adapters)) {
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (std::size_t group = 0; group < map_groups; ++group) {
      groups_.push_back(stacked(adapters_, layer, static_cast<MapGroup>(group), config, layout));
    }
  }
}

}  // namespace crayon::model
