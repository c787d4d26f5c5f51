#include "runtime/model/token_router.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace crayon::model {

void TokenRouter::apply(std::span<const float> x, float* z, float* scratch,
                        const kernels::KernelSet& kernels) const {
  const std::size_t count = experts();
  const std::span<float> scores(scratch, count);
  const std::span<float> weights(scratch + count, count);  // the chosen, best first
  for (std::size_t n = 0; n < count; ++n) {
    scores[n] = std::abs(kernels.dot_f32(&directions[n * x.size()], x.data(), x.size()));
  }

  // A chosen score is replaced by -1 - its place among the chosen: the experts are few, and
  // nothing else is needed to remember them.
  std::size_t chosen = 0;
  for (; chosen < std::min<std::size_t>(top_k, count); ++chosen) {
    float& best = *std::ranges::max_element(scores);
    if (!(best > 0)) {
      break;
    }
    weights[chosen] = best / temperature;
    best = -1.0f - static_cast<float>(chosen);
  }
  if (chosen != 0) {
    kernels.softmax(weights.data(), chosen);
  }

  for (std::size_t n = 0; n < count; ++n) {
    const float weight =
        scores[n] < 0 ? weights[static_cast<std::size_t>(-scores[n] - 1.0f)] : 0.0f;
    for (std::uint32_t j = bounds[n]; j < bounds[n + 1]; ++j) {
      z[j] *= weight;
    }
  }
}

void TokenRouter::check(std::uint32_t rank, std::size_t inputs, const std::string& owner) const {
  const bool fits = std::ranges::is_sorted(bounds) && bounds.size() != 1 &&
                    (bounds.empty() || bounds.back() <= rank) &&
                    directions.size() == experts() * inputs &&
                    (empty() || (top_k != 0 && std::isfinite(temperature) && temperature > 0));
  if (!fits) {
    throw Error(Code::bad_shape,
                fmt::format("the router for {} does not fit rank {} and {} inputs, or its top-k "
                            "{} or temperature {} is not above 0",
                            owner, rank, inputs, top_k, temperature),
                "pack the adapter again");
  }
}

}  // namespace crayon::model
