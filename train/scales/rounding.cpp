#include "train/scales/rounding.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "base/error.h"

namespace crayon::train {
namespace {

constexpr double steps = 127;
constexpr double least = 1e-30;  // of a scale: zeros stay zeros
constexpr std::int64_t block = 32;

constexpr std::array activation_names = {"token", "tensor", "static", "blocks"};
constexpr std::array weight_names = {"int8", "int4", "blocks"};

template <typename Way, std::size_t count>
Way named(const std::string& name, const std::array<const char*, count>& names, const char* what) {
  std::string known;
  for (std::size_t i = 0; i < count; ++i) {
    if (name == names[i]) {
      return static_cast<Way>(i);
    }
    known += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw Error(Code::bad_argument, fmt::format("{} cannot be rounded by the way {}", what, name),
              "name one of these: " + known);
}

/// Rounds in the forward pass alone.
torch::Tensor straight_through(const torch::Tensor& exact) {
  return exact + (exact.round() - exact).detach();
}

/// With one scale along `dims`.
torch::Tensor rounded_along(const torch::Tensor& x, at::IntArrayRef dims) {
  const torch::Tensor scale = x.abs().amax(dims, true).clamp_min(least) / steps;
  return scale * straight_through(x / scale);
}

/// The f16 that is kept, in the forward pass alone.
torch::Tensor kept_in_f16(const torch::Tensor& scale) {
  return scale + (scale.to(torch::kFloat16).to(scale.scalar_type()) - scale).detach();
}

/// Rounds [.., block] of a tensor whose last dimension is filled up with zeros to whole blocks.
torch::Tensor by_blocks(const torch::Tensor& x,
                        const std::function<torch::Tensor(const torch::Tensor&)>& round) {
  const std::int64_t inputs = x.size(-1);
  const std::int64_t rest = (block - inputs % block) % block;
  const torch::Tensor whole = rest > 0 ? torch::constant_pad_nd(x, {0, rest}) : x;
  std::vector<std::int64_t> parts = whole.sizes().vec();
  parts.back() /= block;
  parts.push_back(block);
  return round(whole.reshape(parts)).reshape(whole.sizes()).narrow(-1, 0, inputs);
}

}  // namespace

const char* name_of(Activations way) {
  return activation_names[static_cast<std::size_t>(way)];
}

const char* name_of(WeightRounding way) {
  return weight_names[static_cast<std::size_t>(way)];
}

Activations activations_named(const std::string& name) {
  return named<Activations>(name, activation_names, "activations");
}

WeightRounding weight_rounding_named(const std::string& name) {
  return named<WeightRounding>(name, weight_names, "weights");
}

torch::Tensor rounded(const torch::Tensor& x) {
  return rounded_along(x, {-1});
}

torch::Tensor rounded_examples(const torch::Tensor& x) {
  return rounded_along(x, {-2, -1});
}

torch::Tensor rounded_within(const torch::Tensor& x, const torch::Tensor& range) {
  const torch::Tensor scale = range.clamp_min(least) / steps;
  return scale * straight_through((x / scale).clamp(-steps, steps));
}

torch::Tensor rounded_blocks(const torch::Tensor& x) {
  return by_blocks(x, [](const torch::Tensor& blocks) {
    const torch::Tensor scale = blocks.abs().amax(-1, true).clamp_min(least) / steps;
    return kept_in_f16(scale) * straight_through(blocks / scale);
  });
}

torch::Tensor rounded_int4(const torch::Tensor& x) {
  return by_blocks(x, [](const torch::Tensor& blocks) {
    const torch::Tensor place = blocks.abs().argmax(-1, true);
    const torch::Tensor scale = blocks.gather(-1, place) / -8;
    const torch::Tensor divisor = torch::where(scale == 0, torch::ones_like(scale), scale);
    return kept_in_f16(scale) * straight_through((blocks / divisor).clamp(-8, 7));
  });
}

torch::Tensor rounded_weight(const torch::Tensor& weight, WeightRounding way) {
  switch (way) {
    case WeightRounding::int8:
      return rounded(weight);
    case WeightRounding::int4:
      return rounded_int4(weight);
    case WeightRounding::blocks:
      return rounded_blocks(weight);
  }
  return weight;
}

}  // namespace crayon::train
