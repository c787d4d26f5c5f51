#pragma once

#include <cstdint>
#include <vector>

#include "formats/model_config.h"
#include "formats/projection.h"

namespace crayon::model {

/// Projections of a layer that read the same input, and so are computed together.
enum class MapGroup : std::uint8_t { qkv, o, gate_up, down };
inline constexpr std::size_t map_groups = 4;
/// The most maps of one group.
inline constexpr std::size_t most_shared_maps = 3;

/// The projections of a group that the model has, in the order of the computation.
std::vector<formats::Projection> projections(MapGroup group, const formats::ModelConfig& config);

}  // namespace crayon::model
