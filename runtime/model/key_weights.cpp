#include "runtime/model/key_weights.h"

#include <algorithm>
#include <cmath>

#include "kernels/kv_layout.h"

namespace crayon::model {

KeyWeights::KeyWeights(std::uint32_t layers, std::uint32_t kv_heads, std::uint32_t context)
    : layers_(layers),
      kv_heads_(kv_heads),
      stride_(kernels::round_up(context, kernels::kv_block)),
      log_(std::size_t{layers_} * kv_heads_ * stride_) {}

std::span<float> KeyWeights::of(std::uint32_t layer, std::uint32_t kv_head) {
  return std::span(log_).subspan((std::size_t{layer} * kv_heads_ + kv_head) * stride_, stride_);
}

void KeyWeights::set(std::uint32_t position, std::span<const float> weights,
                     std::uint32_t first_layer) {
  for (std::uint32_t layer = first_layer; layer < layers_; ++layer) {
    for (std::uint32_t head = 0; head < kv_heads_; ++head) {
      std::ranges::transform(weights, of(layer, head).subspan(position).begin(),
                             [](float weight) { return std::log(weight); });
    }
  }
}

void KeyWeights::reset(std::uint32_t position) {
  for (std::uint32_t layer = 0; layer < layers_; ++layer) {
    for (std::uint32_t head = 0; head < kv_heads_; ++head) {
      std::ranges::fill(of(layer, head).subspan(position), 0.0f);
    }
  }
}

void KeyWeights::keep(std::uint32_t layer, std::uint32_t kv_head,
                      std::span<const std::uint32_t> kept) {
  const std::span<float> log = of(layer, kv_head);
  for (std::size_t r = 0; r < kept.size(); ++r) {
    log[r] = log[kept[r]];
  }
}

void KeyWeights::shift(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t shift) {
  const std::span<float> log = of(layer, kv_head);
  std::copy(log.begin() + shift, log.end(), log.begin());
}

}  // namespace crayon::model
