#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/model_source.h"

namespace crayon::formats {

/// The largest magnitudes that a layer's linear maps read in int8, whichever the token: of q, k and
/// v, of o, of gate and up, of down. What is larger saturates. All are finite and above 0.
inline constexpr std::size_t ranges_of_a_layer = 4;
using LayerRanges = std::array<float, ranges_of_a_layer>;

/// Of a whole model, [layers]: static quantisation of activations, with one range a tensor
/// (Krishnamoorthi 2018, section 2).
using ActivationRanges = std::vector<LayerRanges>;

/// Throws corrupt, naming the tensor, for ranges that are not numbers above 0.
void check_ranges(std::span<const float> ranges, const std::string& name);

/// The same model with ranges for its activations. Throws bad_argument for ranges of another number
/// of layers and for a model that has some, and what check_ranges() does.
ModelSource with_ranges(ModelSource source, const ActivationRanges& ranges);

}  // namespace crayon::formats
