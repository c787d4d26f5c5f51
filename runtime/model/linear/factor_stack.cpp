#include "runtime/model/linear/factor_stack.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "base/memory.h"
#include "formats/packer.h"

namespace crayon::model {
namespace {

using formats::Projection;

/// Hands out parts of one piece of memory, one behind the other, and counts them where there is
/// none yet.
class Parts {
 public:
  explicit Parts(std::uint8_t* memory) : memory_(memory) {}

  /// Room for `count` numbers at a cache line's begin.
  template <typename T>
  T* take(std::size_t count) {
    std::uint8_t* const at = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += kernels::round_up(count * sizeof(T), AlignedArray<T>::alignment);
    return reinterpret_cast<T*>(at);
  }
  std::size_t used() const { return used_; }

 private:
  std::uint8_t* memory_;
  std::size_t used_ = 0;
};

float largest_magnitude(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) {
    largest = std::max(largest, std::abs(value));
  }
  return largest;
}

/// values / scale, rounded, for a scale of about max|values| / 127; zeros for 0.
std::vector<std::int8_t> quantized(std::span<const float> values, float scale) {
  std::vector<std::int8_t> result(values.size());
  if (scale > 0) {
    std::ranges::transform(values, result.begin(), [scale](float value) {
      return static_cast<std::int8_t>(std::clamp(std::nearbyint(value / scale), -127.0f, 127.0f));
    });
  }
  return result;
}

/// One group of one layer, from its slices to its packed factors.
class Stacker {
 public:
  Stacker(std::uint32_t layer, MapGroup which, const formats::ModelConfig& config,
          const kernels::Layout& layout)
      : layer_(layer), config_(config), layout_(layout), maps_(projections(which, config)) {}

  /// The slices, in the order of the maps, and how large the matrices are.
  void plan(const FactorStack::Adapters& adapters, StackedFactors& group) const {
    std::size_t ranks = 0;
    for (std::size_t map = 0; map < maps_.size(); ++map) {
      StackedFactors::Map& its = group.maps[map];
      its.first = ranks;
      for (std::size_t n = 0; n < adapters.size(); ++n) {
        const LowRank& factors = adapters[n]->at(layer_, maps_[map]);
        if (factors.rank != 0) {
          group.slices.push_back({n, map, ranks, &factors});
          ranks += factors.rank;
        }
      }
      its.b.ranks = ranks - its.first;
      its.b.rows = its.b.ranks == 0 ? 0 : formats::projection_shape(config_, maps_[map]).rows;
    }
    group.a.rows = ranks;
    group.a.inputs = formats::projection_shape(config_, maps_.front()).cols;
  }

  /// Gives the matrices their parts of the memory; fills them where `fill` says so. It is zeros.
  void place(StackedFactors& group, Parts& parts, bool fill) const {
    kernels::WeightsI8& a = group.a;
    if (a.rows == 0) {
      return;
    }
    auto* const scale = parts.take<float>(layout_.down.padded_rows(a.rows));
    auto* const data = parts.take<std::int8_t>(layout_.down.packed_bytes(a.rows, a.inputs));
    if (fill) {
      fill_a(group, data, scale);
    }
    a.data = data;
    a.scale = scale;
    for (StackedFactors::Map& map : group.maps) {
      if (map.b.rows != 0) {
        place_b(group, map, parts, fill);
      }
    }
  }

 private:
  void fill_a(const StackedFactors& group, std::int8_t* data, float* scale) const {
    const std::size_t inputs = group.a.inputs;
    for (const StackedFactors::Slice& slice : group.slices) {
      for (std::size_t j = 0; j < slice.factors->rank; ++j) {
        const std::size_t row = slice.first + j;
        const auto values = std::span(slice.factors->a).subspan(j * inputs, inputs);
        scale[row] = largest_magnitude(values) / 127.0f;
        kernels::pack_row_i8(layout_.down, quantized(values, scale[row]).data(), row, inputs, data);
      }
    }
  }

  void place_b(const StackedFactors& group, StackedFactors::Map& map, Parts& parts,
               bool fill) const {
    kernels::FactorsB& b = map.b;
    auto* const scale = parts.take<std::uint16_t>(layout_.i8.padded_rows(b.rows));
    auto* const data = parts.take<std::int8_t>(layout_.i8.packed_bytes(b.rows, b.ranks));
    b.data = data;
    b.scale = scale;
    if (!fill) {
      return;
    }
    const std::vector<float> rows = rows_of_b(group, map);
    // The largest scale becomes about 2^10, of f16's 2^-14 to 2^16.
    const float largest = largest_magnitude(rows) / 127.0f;
    map.unit = largest > 0 ? std::ldexp(1.0f, std::clamp(std::ilogb(largest) - 10, -120, 100)) : 1;
    for (std::size_t r = 0; r < b.rows; ++r) {
      const auto row = std::span(rows).subspan(r * b.ranks, b.ranks);
      scale[r] = f32_to_f16(largest_magnitude(row) / 127.0f / map.unit);
      const std::vector<std::int8_t> bytes = quantized(row, f16_to_f32(scale[r]) * map.unit);
      kernels::pack_row_i8(layout_.i8, bytes.data(), r, b.ranks, data);
    }
  }

  /// B [outputs][ranks] of all adapters.
  static std::vector<float> rows_of_b(const StackedFactors& group, const StackedFactors::Map& map) {
    const std::size_t ranks = map.b.ranks;
    std::vector<float> rows(map.b.rows * ranks);
    for (const StackedFactors::Slice& slice : group.slices) {
      if (&group.maps[slice.map] == &map) {
        const std::size_t rank = slice.factors->rank;
        for (std::size_t r = 0; r < map.b.rows; ++r) {
          std::copy_n(&slice.factors->b[r * rank], rank,
                      &rows[r * ranks + slice.first - map.first]);
        }
      }
    }
    return rows;
  }

  std::uint32_t layer_;
  const formats::ModelConfig& config_;
  const kernels::Layout& layout_;
  std::vector<Projection> maps_;
};

/// Shares `next` out over the blocks of a group's adapted maps, in whole cache lines; the last may
/// ask for some that lie behind, which does no harm.
void look_ahead(StackedFactors& group, ByteSpan next, std::size_t block_rows) {
  std::size_t blocks = 0;
  for (const StackedFactors::Map& map : group.maps) {
    blocks += (map.b.rows + block_rows - 1) / block_rows;
  }
  if (blocks == 0) {
    return;
  }
  constexpr std::size_t line = 64;
  const std::size_t per_block = kernels::round_up((next.size() + blocks - 1) / blocks, line);
  std::size_t first = 0;
  for (StackedFactors::Map& map : group.maps) {
    map.ahead = {next.data() + first * per_block, per_block};
    first += (map.b.rows + block_rows - 1) / block_rows;
  }
}

}  // namespace

FactorStack::FactorStack(Adapters adapters, const formats::ModelConfig& config,
                         const kernels::Layout& layout)
    : adapters_(std::move(adapters)) {
  std::vector<Stacker> stackers;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (std::size_t group = 0; group < map_groups; ++group) {
      stackers.emplace_back(layer, static_cast<MapGroup>(group), config, layout);
      stackers.back().plan(adapters_, groups_.emplace_back());
    }
  }
  const auto place_all = [&](Parts parts, bool fill) {
    for (std::size_t n = 0; n < stackers.size(); ++n) {
      const std::size_t begin = parts.used();
      stackers[n].place(groups_[n], parts, fill);
      if (fill) {
        groups_[n].bytes = {memory_.data() + begin, parts.used() - begin};
      }
    }
    return parts.used();
  };
  memory_ = AlignedArray<std::uint8_t>(place_all(Parts(nullptr), false));
  prefer_huge_pages(memory_.span());
  memory_.fill_zero();
  place_all(Parts(memory_.data()), true);
  for (std::size_t n = 0; n + 1 < groups_.size(); ++n) {
    look_ahead(groups_[n], groups_[n + 1].bytes, layout.i8.rows_per_block);
  }
}

}  // namespace crayon::model
