// Everything that a path shares with the others: included inside its anonymous namespace, so that
// each path has its own copy, compiled with its own flags. Before it, the path defines
//
//   layout                                            kernels/layout.h
//   block_sums<Tokens>, block_values_i4<Tokens>       see matmul_i8.inl, matmul_i4.inl
//   down_sums<Tokens>                                 as block_sums, where layout.down is narrower
//   f32v fma(f32v a, f32v b, f32v c)                          a * b + c, rounded once
//   larger(a, b), smaller(a, b)                               b where that is NaN
//   load(const std::uint16_t*), store(std::uint16_t*, f32v)   one register from and to binary16
//   expand(x, f32w (&)[16 / wide_lanes])                      16 of binary16, or int8, as floats
//
// (arm.inl and x86.inl have all but the first two for paths of their kind.)

// clang-format off
#include "kernels/generic/map.inl"
#include "kernels/generic/dot.inl"
#include "kernels/generic/exp.inl"
#include "kernels/generic/rows.inl"
#include "kernels/generic/activation.inl"
#include "kernels/generic/softmax.inl"
#include "kernels/generic/kv_block.inl"
#include "kernels/generic/attend_tile.inl"
#include "kernels/generic/softmax_online.inl"
#include "kernels/generic/attend.inl"
#include "kernels/generic/matmul_float.inl"
#include "kernels/generic/quantize.inl"
#include "kernels/generic/matmul_i8.inl"
#include "kernels/generic/matmul_i4.inl"
// clang-format on

constexpr KernelSet make_set(std::string_view name, std::uint32_t features) {
  return {
      .name = name,
      .features = features,
      .layout = layout,
      .quantize_i8 = quantize_i8,
      .quantize_static_i8 = quantize_static_i8,
      .matmul_i8_sums = matmul_i8_sums,
      .matmul_i8 = matmul_i8,
      .matmul_i4 = matmul_i4,
      .down_i8 = down_i8,
      .matmul_f32 = matmul_float<float>,
      .matmul_f16 = matmul_float<std::uint16_t>,
      .low_rank_down = low_rank_down,
      .low_rank_up = low_rank_up,
      .attend_f32 = attend<float>,
      .attend_f16 = attend<std::uint16_t>,
      .attend_i8 = attend<std::int8_t>,
      .store_kv_f32 = store_kv<float>,
      .store_kv_f16 = store_kv<std::uint16_t>,
      .store_kv_i8 = store_kv<std::int8_t>,
      .dot_f32 = dot_f32,
      .axpy_f32 = axpy_f32,
      .rms_norm = rms_norm,
      .layer_norm = layer_norm,
      .softmax = softmax,
      .soft_cap = soft_cap,
      .silu = silu,
      .gelu_tanh = gelu_tanh,
      .gelu_quick = gelu_quick,
      .gelu_erf = gelu_erf,
      .silu_mul = silu_mul,
      .gelu_tanh_mul = gelu_tanh_mul,
      .rope_half = rope_half,
      .f32_to_f16 = f32_to_f16,
      .f16_to_f32 = f16_to_f32,
  };
}
