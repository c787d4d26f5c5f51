#pragma once

#include "formats/activation_ranges.h"
#include "runtime/smoothing/channel_maxima.h"

namespace crayon::smoothing {

/// Ranges that hold everything that was seen: the largest of each place's maxima, or 1 where all
/// was 0.
formats::ActivationRanges static_ranges(const ChannelMaxima& maxima, std::uint32_t layers);

}  // namespace crayon::smoothing
