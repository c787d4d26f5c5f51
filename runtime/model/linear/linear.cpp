#include "runtime/model/linear/linear.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace crayon::model {
namespace {

/// Rows that the shares of threads are multiples of: whole blocks of every packed layout, and a
/// cache line of y or more.
std::size_t row_multiple(const kernels::Layout& layout) {
  constexpr std::size_t floats_in_a_line = 16;
  return std::lcm(std::lcm(layout.i8.rows_per_block, layout.i4.rows_per_block), floats_in_a_line);
}

bool reads_i8(const LinearGroup& group) {
  return std::ranges::any_of(group.maps,
                             [](const LinearMap& map) { return map.weights->is_quantized(); });
}

/// Some rows of W x.
void multiply_rows(const Matrix& w, const LinearInput& input, Range rows,
                   const kernels::Output& output, const kernels::KernelSet& kernels) {
  if (const auto* i8 = std::get_if<Matrix::I8>(&w.numbers())) {
    kernels.matmul_i8({w.rows(), w.inputs(), i8->data.data(), i8->scale.data()}, rows.begin,
                      rows.end, input.i8, output);
  } else if (const auto* i4 = std::get_if<Matrix::I4>(&w.numbers())) {
    kernels.matmul_i4({w.rows(), w.inputs(), i4->data.data()}, rows.begin, rows.end, input.i8,
                      output);
  } else if (const auto* f16 = std::get_if<Matrix::F16>(&w.numbers())) {
    kernels.matmul_f16(f16->data(), w.inputs(), rows.begin, rows.end, input.x, w.inputs(),
                       input.tokens, output);
  } else if (const auto* f32 = std::get_if<Matrix::F32>(&w.numbers())) {
    kernels.matmul_f32(f32->data(), w.inputs(), rows.begin, rows.end, input.x, w.inputs(),
                       input.tokens, output);
  }
}

/// One group on its way through the kernels.
class Application {
 public:
  Application(const LinearGroup& group, LinearScratch& scratch, const Compute& compute)
      : group_(group),
        scratch_(scratch),
        compute_(compute),
        kernels_(*compute.kernels),
        multiple_(row_multiple(kernels_.layout)),
        input_{group.x, group.tokens, group.maps.front().weights->inputs(), {}},
        low_rank_(group.low_rank.empty() ? nullptr : group.low_rank.front().group),
        all_ranks_{0, low_rank_ == nullptr ? 0 : low_rank_->ranks()} {
    assert(!group.maps.empty() && group.maps.size() <= most_shared_maps);
    if (reads_i8(group)) {
      input_.i8 = scratch.quantized.as(input_.tokens, input_.inputs);
    }
  }

  /// x, its int8 form and A x: shared out by tokens. Of a single token, a long A x is shared out by
  /// rows instead.
  void prepare(const RangeWork& produce) {
    const bool down_by_rows = is_long_down() && group_.tokens == 1;
    compute_.parallel(group_.tokens, kernels_.layout.x.tokens_per_group,
                      [&](std::size_t begin, std::size_t end) {
                        const Range tokens{begin, end};
                        if (produce) {
                          produce(tokens);
                        }
                        quantize(tokens);
                        if (!down_by_rows) {
                          down(tokens, all_ranks_);
                          scale(tokens);
                        }
                      });
    if (down_by_rows) {
      compute_.parallel(all_ranks_.end, kernels_.layout.down.rows_per_block,
                        [&](std::size_t begin, std::size_t end) {
                          down({0, 1}, {begin, end});
                        });
      scale({0, 1});
    }
  }

  /// All rows of all maps, one map below the other.
  void multiply() {
    std::size_t blocks = 0;
    for (const LinearMap& map : group_.maps) {
      blocks += blocks_of(map);
    }
    compute_.parallel(blocks, 1, [&](std::size_t begin, std::size_t end) {
      std::size_t map_begin = 0;
      for (std::size_t map = 0; map < group_.maps.size(); ++map) {
        const std::size_t map_end = map_begin + blocks_of(group_.maps[map]);
        const Range part = overlap({begin, end}, {map_begin, map_end});
        if (!part.empty()) {
          multiply_blocks(map, {part.begin - map_begin, part.end - map_begin});
        }
        map_begin = map_end;
      }
    });
  }

  /// The same rows of all maps together.
  void multiply_side_by_side(const RangeWork& consume) {
    compute_.parallel(blocks_of(group_.maps.front()), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t map = 0; map < group_.maps.size(); ++map) {
        multiply_blocks(map, {begin, end});
      }
      consume(rows_of(group_.maps.front(), {begin, end}));
    });
  }

 private:
  bool is_long_down() const {
    constexpr std::size_t short_bytes = 64 << 10;  // read before another thread has woken up
    return all_ranks_.size() * input_.inputs > short_bytes;
  }

  std::size_t blocks_of(const LinearMap& map) const {
    return (map.weights->rows() + multiple_ - 1) / multiple_;
  }

  Range rows_of(const LinearMap& map, Range blocks) const {
    return {blocks.begin * multiple_, std::min(blocks.end * multiple_, map.weights->rows())};
  }

  void quantize(Range tokens) {
    for (std::size_t t = tokens.begin; input_.i8.tokens != 0 && t < tokens.end; ++t) {
      const float* const x = input_.x + t * input_.inputs;
      if (group_.range > 0) {
        kernels_.quantize_static_i8(x, input_.inputs, group_.range, t, input_.i8);
      } else {
        kernels_.quantize_i8(x, input_.inputs, t, input_.i8);
      }
    }
  }

  /// Rows of A that any token has a weight for; of several runs simply all.
  std::span<const Range> rows_in_use() const {
    return group_.low_rank.size() == 1 ? low_rank_->rows_in_use() : std::span(&all_ranks_, 1);
  }

  void down(Range tokens, Range rows) {
    if (low_rank_ == nullptr) {
      return;
    }
    for (const Range& used : rows_in_use()) {
      if (const Range part = overlap(used, rows); !part.empty()) {
        low_rank_->down(input_, tokens, part, scratch_.low_rank, kernels_);
      }
    }
  }

  void scale(Range tokens) {
    for (const LowRankRun& run : group_.low_rank) {
      if (const Range its = overlap(run.tokens, tokens); !its.empty()) {
        run.group->scale(input_, its, scratch_.low_rank, kernels_);
      }
    }
  }

  void multiply_blocks(std::size_t index, Range blocks) {
    const LinearMap& map = group_.maps[index];
    const Range rows = rows_of(map, blocks);
    kernels::Output output{map.y, map.weights->rows(), map.bias, map.add};
    if (low_rank_ == nullptr) {
      return multiply_rows(*map.weights, input_, rows, output, kernels_);
    }
    const auto fused = low_rank_->fused_up(index, input_.tokens, scratch_.low_rank);
    output.low_rank = fused ? &*fused : nullptr;
    multiply_rows(*map.weights, input_, rows, output, kernels_);
    if (!fused) {
      low_rank_->up(index, input_.tokens, rows, scratch_.low_rank, output, kernels_);
    }
  }

  const LinearGroup& group_;
  LinearScratch& scratch_;
  const Compute& compute_;
  const kernels::KernelSet& kernels_;
  std::size_t multiple_;
  LinearInput input_;
  const LowRankGroup* low_rank_;  // whose factors all runs share, or null
  Range all_ranks_;               // rows of A
};

}  // namespace

void apply(const LinearGroup& group, const RangeWork& produce, LinearScratch& scratch,
           const Compute& compute) {
  Application application(group, scratch, compute);
  application.prepare(produce);
  application.multiply();
}

void apply_and_consume(const LinearGroup& group, const RangeWork& produce, const RangeWork& consume,
                       LinearScratch& scratch, const Compute& compute) {
  Application application(group, scratch, compute);
  application.prepare(produce);
  application.multiply_side_by_side(consume);
}

}  // namespace crayon::model
