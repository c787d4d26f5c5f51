#pragma once

#include <cstdint>
#include <variant>

#include "formats/model_config.h"
#include "kernels/kernel_set.h"
#include "runtime/model/aligned.h"
#include "runtime/model/model.h"

namespace crayon::model {

/// Keys (rotated) and values of every layer and position: [layer][position][kv_dim], so that
/// one step appends one contiguous row, and a head's entries lie kv_dim apart.
class KvCache {
 public:
  KvCache(const formats::ModelConfig& config, std::uint32_t context, KvDtype dtype);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context,
                             KvDtype dtype);

  std::uint32_t context() const { return context_; }

  /// Stores key and value [kv_dim] of one position.
  void store(std::uint32_t layer, std::uint32_t position, const float* key, const float* value,
             const kernels::KernelSet& kernels);

  /// out [head_dim] = attention of query [head_dim] over positions [begin, end) of one kv head;
  /// scores [end - begin] is scratch.
  void attend(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t begin, std::uint32_t end,
              const float* query, float* scores, float* out,
              const kernels::KernelSet& kernels) const;

 private:
  template <typename T>
  struct Entries {
    AlignedArray<T> keys;    // [layers][context][kv_dim]
    AlignedArray<T> values;  // [layers][context][kv_dim]
  };

  std::size_t row(std::uint32_t layer, std::uint32_t position) const {
    return (std::size_t{layer} * context_ + position) * kv_dim_;
  }

  std::uint32_t context_;
  std::size_t kv_dim_;
  std::size_t head_dim_;
  float scale_;    // of q.k
  float softcap_;  // of scores, or 0
  std::variant<Entries<std::uint16_t>, Entries<float>> entries_;
};

}  // namespace crayon::model
