#include "runtime/model/kv_cache.h"

#include <cmath>
#include <cstring>

#include "base/checked.h"

namespace crayon::model {
namespace {

/// Keys, or values: half of the entries.
std::uint64_t elements(const formats::ModelConfig& config, std::uint32_t context) {
  return checked_mul(std::uint64_t{config.layers} * context, config.kv_dim(), "KV cache");
}

float score_scale(const formats::ModelConfig& config) {
  return config.attention_scale != 0.0f
             ? config.attention_scale
             : static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_dim)));
}

}  // namespace

KvCache::KvCache(const formats::ModelConfig& config, std::uint32_t context, KvDtype dtype)
    : context_(context),
      kv_dim_(config.kv_dim()),
      head_dim_(config.head_dim),
      scale_(score_scale(config)),
      softcap_(config.attention_softcap) {
  const std::uint64_t size = elements(config, context);
  if (dtype == KvDtype::f16) {
    entries_ = Entries<std::uint16_t>{AlignedArray<std::uint16_t>(size),
                                      AlignedArray<std::uint16_t>(size)};
  } else {
    entries_ = Entries<float>{AlignedArray<float>(size), AlignedArray<float>(size)};
  }
}

std::uint64_t KvCache::bytes(const formats::ModelConfig& config, std::uint32_t context,
                             KvDtype dtype) {
  const std::uint64_t entry = dtype == KvDtype::f16 ? sizeof(std::uint16_t) : sizeof(float);
  return checked_mul(elements(config, context), 2 * entry, "KV cache");
}

void KvCache::store(std::uint32_t layer, std::uint32_t position, const float* key,
                    const float* value, const kernels::KernelSet& kernels) {
  const std::size_t at = row(layer, position);
  if (auto* f16 = std::get_if<Entries<std::uint16_t>>(&entries_)) {
    kernels.f32_to_f16(key, f16->keys.data() + at, kv_dim_);
    kernels.f32_to_f16(value, f16->values.data() + at, kv_dim_);
  } else if (auto* f32 = std::get_if<Entries<float>>(&entries_)) {
    std::memcpy(f32->keys.data() + at, key, kv_dim_ * sizeof(float));
    std::memcpy(f32->values.data() + at, value, kv_dim_ * sizeof(float));
  }
}

void KvCache::attend(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t begin,
                     std::uint32_t end, const float* query, float* scores, float* out,
                     const kernels::KernelSet& kernels) const {
  const std::size_t at = row(layer, begin) + kv_head * head_dim_;
  const std::size_t n = end - begin;
  if (const auto* f16 = std::get_if<Entries<std::uint16_t>>(&entries_)) {
    kernels.attend_f16(query, f16->keys.data() + at, f16->values.data() + at, n, kv_dim_, head_dim_,
                       scale_, softcap_, scores, out);
  } else if (const auto* f32 = std::get_if<Entries<float>>(&entries_)) {
    kernels.attend_f32(query, f32->keys.data() + at, f32->values.data() + at, n, kv_dim_, head_dim_,
                       scale_, softcap_, scores, out);
  }
}

}  // namespace crayon::model
