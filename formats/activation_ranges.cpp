#include "formats/activation_ranges.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/error.h"

namespace crayon::formats {

void check_ranges(std::span<const float> ranges, const std::string& name) {
  // The least one still has an inverse.
  constexpr float least = 1e-30f;
  for (const float range : ranges) {
    if (!std::isfinite(range) || range < least) {
      throw Error(Code::corrupt, fmt::format("{}: {} is no range", name, range),
                  "pack the model again");
    }
  }
}

ModelSource with_ranges(ModelSource source, const ActivationRanges& ranges) {
  if (source.config.static_ranges) {
    throw Error(Code::bad_argument, "the model has static ranges already",
                "start from the model as it was published");
  }
  if (ranges.size() != source.config.layers) {
    throw Error(
        Code::bad_argument,
        fmt::format("ranges of {} layers for a model of {}", ranges.size(), source.config.layers),
        "use the ranges of this model");
  }
  for (std::uint32_t layer = 0; layer < source.config.layers; ++layer) {
    const std::string name = layer_tensor(layer, activation_ranges);
    check_ranges(ranges[layer], name);
    source.tensors.push_back(vector_tensor(name, {ranges[layer].begin(), ranges[layer].end()}));
  }
  source.config.static_ranges = true;
  return source;
}

}  // namespace crayon::formats
