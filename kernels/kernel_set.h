#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/kv_layout.h"
#include "kernels/layout.h"

namespace crayon::kernels {

/// What a CPU must have for a kernel set to run. Bits of a set.
enum Feature : std::uint32_t {
  feature_avx2 = 1u << 0,        ///< AVX2, FMA and F16C
  feature_neon = 1u << 1,        ///< Advanced SIMD of armv8.0-a
  feature_dotprod = 1u << 2,     ///< SDOT (armv8.2-a+dotprod)
  feature_avxvnni = 1u << 3,     ///< VPDPBUSD on 256 bits (AVX-VNNI)
  feature_avx512vnni = 1u << 4,  ///< AVX-512 F, BW, VL and VNNI
  feature_i8mm = 1u << 8,        ///< SMMLA (armv8.2-a+i8mm)
};

/// The arithmetic of one path. Functions never allocate and never fail: what they demand is
/// asserted. Integer results are the same bits in every set. Float results too: every set adds
/// in the order that `generic/` fixes (eight interleaved partial sums, then a tree), fuses the
/// same products with the same sums, and uses the same polynomial for exp.
struct KernelSet {
  std::string_view name;
  std::uint32_t features;  ///< Feature bits that it needs
  Layout layout;

  // ---- int8 and int4 matrices: rows [row_begin, row_end) of y = W x ---------------------------
  // row_begin is a multiple of the layout's rows_per_block; row_end too, or it is w.rows. One token
  // is a GEMV. What the output adds is added to each value after its own rounding.

  /// Symmetric quantisation of one token: scale = max|x| / 127, q = round-to-nearest-even(x * 127 /
  /// max|x|). Writes row `token` of `out`, zeros from n on, with its scale and sums. x [n] f32.
  /// The scale is 0, with zeros, when all |x| are below 1e-30; NaN, with zeros, when some x is NaN
  /// or infinite, so that every product with the row is NaN too.
  void (*quantize_i8)(const float* x, std::size_t n, std::size_t token, const ActivationsI8& out);

  /// The same with a range that was chosen before: scale = range / 127, and what is larger
  /// saturates, in one pass over x. The scale is NaN when some x is NaN or infinite. range >=
  /// 1e-30.
  void (*quantize_static_i8)(const float* x, std::size_t n, float range, std::size_t token,
                             const ActivationsI8& out);

  /// sums[t][r] = sum_c w(r, c) * x(t, c) in int32. sums [tokens][sums_stride], indexed by the
  /// absolute row.
  void (*matmul_i8_sums)(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
                         const ActivationsI8& x, std::int32_t* sums, std::size_t sums_stride);
  /// value[t][r] = float(sums[t][r]) * (x.scale[t] * w.scale[r])
  void (*matmul_i8)(const WeightsI8& w, std::size_t row_begin, std::size_t row_end,
                    const ActivationsI8& x, const Output& output);
  /// value[t][r] = x.scale[t] * s, where s = fma(float(sum of group g), scale[g][r], s) over the
  /// groups g from left to right, from 0.
  void (*matmul_i4)(const WeightsI4& w, std::size_t row_begin, std::size_t row_end,
                    const ActivationsI8& x, const Output& output);

  /// z = A x for the rows [row_begin, row_end) of low-rank factors, packed as Layout::down says;
  /// values as matmul_i8's. `z` has neither bias nor low_rank, and does not add.
  void (*down_i8)(const WeightsI8& a, std::size_t row_begin, std::size_t row_end,
                  const ActivationsI8& x, const Output& z);

  // ---- float matrices: value[t][r] = w[r].x[t]; w [rows][inputs], x [tokens][x_stride] ----------

  void (*matmul_f32)(const float* w, std::size_t inputs, std::size_t row_begin, std::size_t row_end,
                     const float* x, std::size_t x_stride, std::size_t tokens,
                     const Output& output);
  void (*matmul_f16)(const std::uint16_t* w, std::size_t inputs, std::size_t row_begin,
                     std::size_t row_end, const float* x, std::size_t x_stride, std::size_t tokens,
                     const Output& output);

  // ---- low rank: y += B (s * (A x)) ----------------------------------------------------------

  /// z[t][j] = rank_scale[j] * dot(a[j], x[t]). a [rank][inputs] f32; z [tokens][rank].
  /// rank_scale [rank], or null for ones: the weight of the adapter that factor j belongs to.
  void (*low_rank_down)(const float* a, std::size_t rank, std::size_t inputs,
                        const float* rank_scale, const float* x, std::size_t x_stride,
                        std::size_t tokens, float* z);
  /// y[t][r] += sum_j b[r][j] * z[t][j] for rows [row_begin, row_end). b [outputs][rank] f32.
  void (*low_rank_up)(const float* b, std::size_t rank, std::size_t row_begin, std::size_t row_end,
                      const float* z, std::size_t tokens, float* y, std::size_t y_stride);

  // ---- attention: one KV head of one layer (kernels/kv_layout.h), by the cache's element type ---

  /// out[r][d] = sum_p softmax_p(cap(scale * q[r].k[p])) v[p][d] over the positions p that row r
  /// sees: up to its own, as far as the window reaches, or those that all see. Row r's result
  /// depends on no other row. Where each p weighs nothing, it is 0.
  void (*attend_f32)(const KvHead& kv, const QueryRows& rows);
  void (*attend_f16)(const KvHead& kv, const QueryRows& rows);
  void (*attend_i8)(const KvHead& kv, const QueryRows& rows);

  /// Puts one position's key and value [head_dim] into their block. Binary16 saturates at 65504;
  /// int8 is scaled as quantize_i8 does it, key and value each.
  void (*store_kv_f32)(const KvHead& kv, std::size_t position, const float* key,
                       const float* value);
  void (*store_kv_f16)(const KvHead& kv, std::size_t position, const float* key,
                       const float* value);
  void (*store_kv_i8)(const KvHead& kv, std::size_t position, const float* key, const float* value);

  // ---- rows of floats ------------------------------------------------------------------------

  float (*dot_f32)(const float* x, const float* y, std::size_t n);
  /// y += a * x
  void (*axpy_f32)(float a, const float* x, float* y, std::size_t n);
  /// y[i] = x[i] / sqrt(mean(x^2) + eps) * weight[i] (Zhang, Sennrich 2019). y may be x.
  void (*rms_norm)(const float* x, const float* weight, std::size_t n, float eps, float* y);
  /// y[i] = (x[i] - mean(x)) / sqrt(variance(x) + eps) * weight[i] + bias[i] (Ba et al. 2016). y
  /// may be x.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::size_t n,
                     float eps, float* y);
  /// x = exp(x - max) / sum, in place.
  void (*softmax)(float* x, std::size_t n);
  /// x = cap * tanh(x / cap), in place (Gemma 2); cap > 0.
  void (*soft_cap)(float* x, std::size_t n, float cap);
  /// y[i] = silu(x[i]); silu(x) = x / (1 + exp(-x)) (Elfwing et al. 2017). y may be x.
  void (*silu)(const float* x, float* y, std::size_t n);
  /// y[i] = gelu(x[i]); gelu(x) = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), the tanh
  /// form of Hendrycks, Gimpel 2016. y may be x.
  void (*gelu_tanh)(const float* x, float* y, std::size_t n);
  /// y[i] = gelu(x[i]); gelu(x) = x / (1 + exp(-1.702 x)) (Hendrycks, Gimpel 2016). y may be x.
  void (*gelu_quick)(const float* x, float* y, std::size_t n);
  /// y[i] = gelu(x[i]); gelu(x) = x / 2 * (1 + erf(x / sqrt(2))), with erf within 1.5e-7
  /// (Abramowitz, Stegun 1964, 7.1.26). y may be x.
  void (*gelu_erf)(const float* x, float* y, std::size_t n);
  /// y[i] = silu(gate[i]) * up[i]. y may be gate or up.
  void (*silu_mul)(const float* gate, const float* up, float* y, std::size_t n);
  /// y[i] = gelu(gate[i]) * up[i]. y may be gate or up.
  void (*gelu_tanh_mul)(const float* gate, const float* up, float* y, std::size_t n);
  /// Rotates pairs (x[i], x[i + half]) of one head by the angle with cos[i], sin[i], i < half
  /// (Su et al. 2021, in the half-split order of Hugging Face).
  void (*rope_half)(float* x, const float* cos, const float* sin, std::size_t half);
  /// Binary16 <-> float, rounding to nearest even.
  void (*f32_to_f16)(const float* x, std::uint16_t* y, std::size_t n);
  void (*f16_to_f32)(const std::uint16_t* x, float* y, std::size_t n);
};

/// Every set compiled into this program, best first; the last is `scalar`, the truth that the
/// others are tested against.
std::span<const KernelSet* const> all();

/// Feature bits of the CPU that this runs on (cpuid, or getauxval), detected once.
std::uint32_t cpu_features();

bool runs_here(const KernelSet& set);

/// The set of that name. Throws unsupported_kernels, naming the known ones and what is missing,
/// when the name is unknown or the CPU lacks a feature.
const KernelSet& by_name(std::string_view name);

/// The same as if the CPU had just these features.
const KernelSet& by_name(std::string_view name, std::uint32_t features);

/// The best that runs here.
const KernelSet& best();

/// What CRAYON_KERNELS names; without it, best(). For programs: the library reads no environment.
const KernelSet& select();

/// A feature bit as a word ("dotprod").
std::string_view feature_name(Feature feature);

}  // namespace crayon::kernels
