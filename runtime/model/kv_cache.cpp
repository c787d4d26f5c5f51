#include "runtime/model/kv_cache.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/checked.h"

namespace crayon::model {
namespace {

constexpr std::uint32_t block = kernels::kv_block;

std::uint32_t blocks_for(std::uint64_t positions) {
  return static_cast<std::uint32_t>((positions + block - 1) / block);
}

/// Blocks of a windowed layer's ring; those of the whole context where that is less.
std::uint32_t ring_blocks(const formats::ModelConfig& config, std::uint32_t context) {
  return std::min(blocks_for(context), blocks_for(std::uint64_t{config.window} + prefill_batch));
}

std::uint32_t blocks_of(const formats::ModelConfig& config, std::uint32_t layer,
                        std::uint32_t context) {
  return config.is_windowed(layer) ? ring_blocks(config, context) : blocks_for(context);
}

std::uint64_t block_bytes(const formats::ModelConfig& config, KvDtype dtype) {
  switch (dtype) {
    case KvDtype::f32:
      return kernels::kv_block_bytes(config.head_dim, sizeof(float), false);
    case KvDtype::f16:
      return kernels::kv_block_bytes(config.head_dim, sizeof(std::uint16_t), false);
    case KvDtype::i8:
      return kernels::kv_block_bytes(config.head_dim, sizeof(std::int8_t), true);
  }
  return 0;
}

std::uint64_t layer_bytes(const formats::ModelConfig& config, std::uint32_t layer,
                          std::uint32_t context, KvDtype dtype) {
  const std::uint64_t blocks = std::uint64_t{config.kv_heads} * blocks_of(config, layer, context);
  return checked_mul(blocks, block_bytes(config, dtype), "KV cache");
}

float scale_of(const formats::ModelConfig& config) {
  return config.attention_scale != 0.0f
             ? config.attention_scale
             : static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_dim)));
}

}  // namespace

KvCache::KvCache(const formats::ModelConfig& config, std::uint32_t context, KvDtype dtype)
    : context_(context),
      dtype_(dtype),
      kv_heads_(config.kv_heads),
      group_(config.heads / config.kv_heads),
      head_dim_(config.head_dim),
      block_bytes_(static_cast<std::size_t>(block_bytes(config, dtype))),
      scale_(scale_of(config)),
      softcap_(config.attention_softcap),
      ring_(0),
      window_(config.window),
      data_(bytes(config, context, dtype)) {
  std::uint64_t offset = 0;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    const bool windowed = config.is_windowed(layer);
    layers_.push_back({offset, blocks_of(config, layer, context), windowed ? window_ : 0});
    offset += layer_bytes(config, layer, context, dtype);
    if (windowed && layers_.back().blocks < blocks_for(context)) {
      ring_ = layers_.back().blocks * block;
    }
  }
}

std::uint64_t KvCache::bytes(const formats::ModelConfig& config, std::uint32_t context,
                             KvDtype dtype) {
  std::uint64_t sum = 0;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    sum = checked_add(sum, layer_bytes(config, layer, context, dtype), "KV cache");
  }
  return sum;
}

void KvCache::extend(std::uint32_t end) {
  assert(end <= context_);
  if (ring_ != 0 && end > ring_) {
    oldest_ = std::max(oldest_, end - ring_);
  }
}

std::uint32_t KvCache::kept(std::uint32_t position) const {
  const std::uint32_t first = position < window_ ? 0 : position + 1 - window_;
  return oldest_ <= first ? position : 0;
}

void KvCache::rewind(std::uint32_t position) {
  assert(kept(position) == position);
  if (position == 0) {
    oldest_ = 0;
    forget_weights();
  } else if (weights_) {
    weights_->reset(position);
  }
}

KeyWeights& KvCache::weigh() {
  if (!weights_) {
    weights_ = std::make_unique<KeyWeights>(static_cast<std::uint32_t>(layers_.size()), kv_heads_,
                                            context_);
  }
  return *weights_;
}

void KvCache::renumber(std::uint32_t from, std::uint32_t to) {
  assert(to <= from);
  oldest_ -= std::min(oldest_, from - to);
}

kernels::KvHead KvCache::head(std::uint32_t layer, std::uint32_t kv_head) const {
  const Layer& its = layers_[layer];
  const std::size_t stream = its.blocks * block_bytes_;
  std::uint8_t* const data = data_.data() + its.offset + kv_head * stream;
  return {reinterpret_cast<std::byte*>(data), its.blocks, block_bytes_, head_dim_};
}

void KvCache::store(std::uint32_t layer, std::uint32_t position, const float* key,
                    const float* value, const kernels::KernelSet& kernels) {
  const auto run = dtype_ == KvDtype::f16   ? kernels.store_kv_f16
                   : dtype_ == KvDtype::f32 ? kernels.store_kv_f32
                                            : kernels.store_kv_i8;
  for (std::uint32_t h = 0; h < kv_heads_; ++h) {
    run(head(layer, h), position, key + h * head_dim_, value + h * head_dim_);
  }
}

void KvCache::attend(std::uint32_t layer, const Rows& rows,
                     const kernels::KernelSet& kernels) const {
  const auto run = dtype_ == KvDtype::f16   ? kernels.attend_f16
                   : dtype_ == KvDtype::f32 ? kernels.attend_f32
                                            : kernels.attend_i8;
  const std::size_t first = rows.kv_head * group_ * head_dim_;
  const float* const log_weights = weights_ ? weights_->of(layer, rows.kv_head).data() : nullptr;
  run(head(layer, rows.kv_head), {.queries = rows.queries + first,
                                  .out = rows.out + first,
                                  .token_stride = kv_heads_ * group_ * head_dim_,
                                  .group = group_,
                                  .begin = rows.begin,
                                  .end = rows.end,
                                  .position = rows.position,
                                  .window = layers_[layer].window,
                                  .scale = scale_,
                                  .softcap = softcap_,
                                  .log_weights = log_weights,
                                  .seen_by_all = rows.seen_by_all});
}

}  // namespace crayon::model
