#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace crayon::model {

/// What the keys of a session weigh in attention (Kim et al. 2024, SToRI): w exp(q.k) in the place
/// of exp(q.k), so log w is added to their scores. One number a KV entry: when entries move, the
/// numbers go with them. Different heads may be handled by different threads.
class KeyWeights {
 public:
  KeyWeights(std::uint32_t layers, std::uint32_t kv_heads, std::uint32_t context);

  /// Of the positions from `position` on, in all heads of the layers from `first_layer` on. weights
  /// [positions], 0 or more and finite.
  void set(std::uint32_t position, std::span<const float> weights, std::uint32_t first_layer);
  /// Those from `position` on weigh 1 again.
  void reset(std::uint32_t position);

  /// Logarithms of one head's, for whole blocks: [context, rounded up]. -infinity for a weight of
  /// 0.
  std::span<float> of(std::uint32_t layer, std::uint32_t kv_head);

  /// Entry kept[r] becomes entry r. `kept` ascends.
  void keep(std::uint32_t layer, std::uint32_t kv_head, std::span<const std::uint32_t> kept);
  /// Entries from `shift` on come so many places nearer.
  void shift(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t shift);

 private:
  std::uint32_t layers_;
  std::uint32_t kv_heads_;
  std::size_t stride_;
  std::vector<float> log_;  // [layers][kv_heads][stride_]
};

}  // namespace crayon::model
