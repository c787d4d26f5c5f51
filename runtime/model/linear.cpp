#include "runtime/model/linear.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace crayon::model {
namespace {

/// A batch of inputs in the forms that the kernels take.
struct Input {
  const float* x;  ///< [tokens][inputs]
  std::size_t tokens;
  std::size_t inputs;
  kernels::ActivationsI8 i8;  ///< set when a map has int8 weights
};

kernels::ActivationsI8 quantize(const float* x, std::size_t tokens, std::size_t inputs,
                                LinearScratch& scratch, const Compute& compute) {
  const kernels::ActivationsI8 quantized = scratch.quantized.as(tokens, inputs);
  compute.parallel(tokens, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      compute.kernels->quantize_i8(x + t * inputs, inputs, t, quantized);
    }
  });
  return quantized;
}

void scale(std::span<float> values, float weight) {
  if (weight != 1.0f) {
    std::ranges::transform(values, values.begin(), [=](float value) { return weight * value; });
  }
}

/// z [tokens][rank] = weight * s * (A x). One token is shared out by factors, more by tokens.
void low_rank_down(const LowRankPart& part, const Input& input, float* z, const Compute& compute) {
  constexpr std::size_t factors_at_least = 16;  // fewer are done before a thread has woken up
  const kernels::KernelSet& kernels = *compute.kernels;
  const LowRank& low_rank = *part.factors;
  const std::size_t rank = low_rank.rank;
  if (input.tokens == 1) {
    compute.parallel(rank, factors_at_least, [&](std::size_t begin, std::size_t end) {
      kernels.low_rank_down(low_rank.a.data() + begin * input.inputs, end - begin, input.inputs,
                            low_rank.rank_scale.data() + begin, input.x, input.inputs, 1,
                            z + begin);
      scale({z + begin, end - begin}, part.weight);
    });
  } else {
    compute.parallel(input.tokens, 1, [&](std::size_t begin, std::size_t end) {
      kernels.low_rank_down(low_rank.a.data(), rank, input.inputs, low_rank.rank_scale.data(),
                            input.x + begin * input.inputs, input.inputs, end - begin,
                            z + begin * rank);
      scale({z + begin * rank, (end - begin) * rank}, part.weight);
    });
  }
}

/// Scales z [tokens][rank] as each token's router says.
void route(const LowRank& low_rank, const Input& input, float* z, LinearScratch& scratch,
           const Compute& compute) {
  const TokenRouter& router = low_rank.router;
  if (router.empty()) {
    return;
  }
  const std::size_t stride = TokenRouter::scratch(router.experts());
  assert(input.tokens * stride <= scratch.routes.size());
  compute.parallel(input.tokens, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      router.apply({input.x + t * input.inputs, input.inputs}, z + t * low_rank.rank,
                   scratch.routes.data() + t * stride, *compute.kernels);
    }
  });
}

/// Rows [begin, end) of W x.
void multiply(const LinearMap& map, const Input& input, std::size_t begin, std::size_t end,
              const kernels::KernelSet& kernels) {
  const std::size_t rows = map.weights->rows();
  const Matrix::Numbers& numbers = map.weights->numbers();
  if (const auto* i8 = std::get_if<Matrix::I8>(&numbers)) {
    kernels.matmul_i8({rows, input.inputs, i8->data.data(), i8->scale.data()}, begin, end, input.i8,
                      {map.y, rows});
  } else if (const auto* f16 = std::get_if<Matrix::F16>(&numbers)) {
    kernels.matmul_f16(f16->data(), input.inputs, begin, end, input.x, input.inputs, input.tokens,
                       map.y, rows);
  } else if (const auto* f32 = std::get_if<Matrix::F32>(&numbers)) {
    kernels.matmul_f32(f32->data(), input.inputs, begin, end, input.x, input.inputs, input.tokens,
                       map.y, rows);
  }
}

/// One map and where its rows lie when the maps are one below the other, in blocks of rows.
struct Share {
  LinearMap map;
  const float* z;  ///< [tokens][rank] of each low-rank part, one behind the other
  std::size_t block_begin;
  std::size_t block_end;
};

/// y += b, for rows [begin, end).
void add_bias(const LinearMap& map, std::size_t tokens, std::size_t begin, std::size_t end,
              const kernels::KernelSet& kernels) {
  if (map.bias == nullptr) {
    return;
  }
  for (std::size_t t = 0; t < tokens; ++t) {
    kernels.axpy_f32(1.0f, map.bias + begin, map.y + t * map.weights->rows() + begin, end - begin);
  }
}

/// Rows [begin, end) of W x + b + B z, for every low-rank part.
void run_rows(const Share& share, const Input& input, std::size_t begin, std::size_t end,
              const kernels::KernelSet& kernels) {
  const LinearMap& map = share.map;
  multiply(map, input, begin, end, kernels);
  add_bias(map, input.tokens, begin, end, kernels);
  const float* z = share.z;
  for (const LowRankPart& part : map.low_rank) {
    kernels.low_rank_up(part.factors->b.data(), part.factors->rank, begin, end, z, input.tokens,
                        map.y, map.weights->rows());
    z += input.tokens * part.factors->rank;
  }
}

}  // namespace

void apply(std::span<const LinearMap> maps, const float* x, std::size_t tokens,
           LinearScratch& scratch, const Compute& compute) {
  assert(!maps.empty() && maps.size() <= most_shared_maps);
  const kernels::KernelSet& kernels = *compute.kernels;
  Input input{x, tokens, maps.front().weights->inputs(), {}};
  if (std::ranges::any_of(maps, [](const LinearMap& map) { return map.weights->is_i8(); })) {
    input.i8 = quantize(x, tokens, input.inputs, scratch, compute);
  }

  // A block is whole blocks of the packed layout, and a cache line of y or more.
  const std::size_t block = kernels.layout.i8.padded_rows(16);
  std::array<Share, most_shared_maps> shares;
  std::size_t blocks = 0;
  float* z = scratch.low_rank.data();
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t begin = blocks;
    blocks += (maps[i].weights->rows() + block - 1) / block;
    shares[i] = {maps[i], z, begin, blocks};
    for (const LowRankPart& part : maps[i].low_rank) {
      low_rank_down(part, input, z, compute);
      route(*part.factors, input, z, scratch, compute);
      z += tokens * part.factors->rank;
    }
  }
  assert(z <= scratch.low_rank.data() + scratch.low_rank.size());

  compute.parallel(blocks, 1, [&](std::size_t begin, std::size_t end) {
    for (const Share& share : std::span(shares).first(maps.size())) {
      const std::size_t first = std::max(begin, share.block_begin);
      const std::size_t last = std::min(end, share.block_end);
      if (first < last) {
        run_rows(share, input, (first - share.block_begin) * block,
                 std::min((last - share.block_begin) * block, share.map.weights->rows()), kernels);
      }
    }
  });
}

}  // namespace crayon::model
