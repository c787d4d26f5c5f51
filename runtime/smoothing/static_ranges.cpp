#include "runtime/smoothing/static_ranges.h"

#include <algorithm>

namespace crayon::smoothing {

formats::ActivationRanges static_ranges(const ChannelMaxima& maxima, std::uint32_t layers) {
  static_assert(formats::ranges_of_a_layer == model::map_groups);
  formats::ActivationRanges ranges(layers);
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    for (std::size_t group = 0; group < model::map_groups; ++group) {
      const float largest = std::ranges::max(maxima.at(layer, static_cast<model::MapGroup>(group)));
      ranges[layer][group] = largest > 0 ? largest : 1.0f;
    }
  }
  return ranges;
}

}  // namespace crayon::smoothing
