#include "runtime/context/head_view.h"

#include <algorithm>
#include <cassert>

namespace crayon::context {

HeadView::HeadView(const model::Model& model, const model::KvEntries& entries,
                   std::uint32_t context, const RecentQueries* queries)
    : model_(model),
      entries_(entries),
      queries_(queries),
      keys_(std::size_t{context} * entries.head_dim()),
      scratch_(context) {
  if (queries != nullptr) {
    scores_.resize(std::size_t{model.config().heads / model.config().kv_heads} * context);
    attention_.resize(context);
  }
}

std::uint64_t HeadView::bytes(const formats::ModelConfig& config, std::uint32_t context,
                              bool attention) {
  const std::uint64_t group = attention ? config.heads / config.kv_heads + 1 : 0;
  return std::uint64_t{context} * (config.head_dim + 1 + group) * sizeof(float);
}

void HeadView::look_at(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t count,
                       std::uint32_t queried, std::span<const float> surprise) {
  layer_ = layer;
  kv_head_ = kv_head;
  count_ = count;
  queried_ = queried;
  surprise_ = surprise;
  has_keys_ = false;
}

std::span<const float> HeadView::keys() {
  if (!has_keys_) {
    entries_.read_keys(layer_, kv_head_, 0, std::max(count_, queried_), keys_.data());
    has_keys_ = true;
  }
  return std::span(keys_).first(std::size_t{count_} * head_dim());
}

std::span<const float> HeadView::attention() {
  assert(queries_ != nullptr);
  keys();
  std::fill_n(attention_.begin(), count_, 0.0f);
  queries_->of(layer_, queried_, from_);
  for (const RecentQueries::Query& query : from_) {
    add_attention(query);
  }
  return std::span(attention_).first(count_);
}

void HeadView::add_attention(const RecentQueries::Query& query) {
  const formats::ModelConfig& config = model_.config();
  const kernels::KernelSet& kernels = model_.kernels();
  const std::size_t group = config.heads / config.kv_heads;
  const std::size_t dim = config.head_dim;
  const std::size_t seen = query.position + 1;
  const std::span<const float> log_weights = entries_.log_weights(layer_, kv_head_);
  kernels.matmul_f32(keys_.data(), dim, 0, seen, query.heads + kv_head_ * group * dim, dim, group,
                     {.y = scores_.data(), .stride = seen});
  for (std::size_t g = 0; g < group; ++g) {
    float* const scores = scores_.data() + g * seen;
    const float scale = entries_.score_scale();
    std::transform(scores, scores + seen, scores, [scale](float x) { return x * scale; });
    if (config.attention_softcap != 0.0f) {
      kernels.soft_cap(scores, seen, config.attention_softcap);
    }
    if (!log_weights.empty()) {
      kernels.axpy_f32(1.0f, log_weights.data(), scores, seen);
    }
    kernels.softmax(scores, seen);
    kernels.axpy_f32(1.0f, scores, attention_.data(), std::min<std::size_t>(seen, count_));
  }
}

}  // namespace crayon::context
