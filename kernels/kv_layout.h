#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/layout.h"

namespace crayon::kernels {

/// Positions that stand together in the KV cache. 32 of 64 numbers each are 8 KB in f32: what
/// attention works on at a time fits in the smallest first-level cache, and a rescaling of its sums
/// is paid for by 32 products.
inline constexpr std::size_t kv_block = 32;

/// The cached keys and values of one KV head: a ring of blocks, one behind the other, of which
/// position p has slot p % 32 in block (p / 32) % blocks. A block of element type T is
///
///   T keys[2][head_dim][16]                transposed: a load gives several positions
///   T values[head_dim / 16, rounded up][32][16]
///   float key_scale[32], value_scale[32]   where T is int8: key = key_scale * keys
///
/// so that whoever multiplies 16 columns reads one ascending stream. What stands behind the last
/// position, or behind the last number of a value, may be anything.
struct KvHead {
  std::byte* data;  ///< 64-byte aligned
  std::size_t blocks;
  std::size_t block_bytes;  ///< kv_block_bytes()
  std::size_t head_dim;
};

/// `scaled`: for int8. A multiple of 64.
constexpr std::size_t kv_block_bytes(std::size_t head_dim, std::size_t element_bytes, bool scaled) {
  const std::size_t elements = kv_block * (round_up(head_dim, 2) + round_up(head_dim, 16));
  return elements * element_bytes + (scaled ? 2 * kv_block * sizeof(float) : 0);
}

/// Some query heads of some tokens, all of which read one KV head. Row r is the token r / group
/// with the head r % group of those that share the KV head; its query, and its result, begin at
/// r / group * token_stride + r % group * head_dim.
struct QueryRows {
  const float* queries;
  float* out;
  std::size_t token_stride;
  std::size_t group;     ///< query heads a KV head
  std::size_t begin;     ///< rows [begin, end) are wanted
  std::size_t end;       ///<
  std::size_t position;  ///< of token 0; all tokens are in the cache
  std::size_t window;    ///< positions that a token sees, itself included; 0: all
  float scale;           ///< factor of q.k
  float softcap;         ///< c: scores become c * tanh(score / c); 0: none
  /// Added to the scores of the position that it stands at, when they are capped: log w of a key
  /// that weighs w (Kim et al. 2024, SToRI), or -infinity; null: zeros. As many as the positions of
  /// whole blocks up to the last one.
  const float* log_weights = nullptr;
  std::size_t seen_by_all = 0;  ///< positions that every token sees, for all that stands behind it;
                                ///< 0: each sees what stands before it
};

}  // namespace crayon::kernels
