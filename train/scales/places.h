#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "train/model/config.h"

namespace crayon::train {

/// Where a layer's scales stand: in front of the maps that read the same (formats/smoothing.h of
/// the runtime). `gate_up` is that of up alone where the MLP is not gated.
enum class Place : std::uint8_t { qkv, o, gate_up, down };
inline constexpr std::array all_places = {Place::qkv, Place::o, Place::gate_up, Place::down};

/// "qkv" and so on.
const char* name_of(Place place);

Place place_of(Projection which);

/// Those of a model that take scales. An MLP without a gate has none in front of down: an
/// activation stands between it and what is linear in a channel.
std::vector<Place> places_of(const Config& config);

/// Channels that have a scale of their own.
std::int64_t channels(const Config& config, Place place);

}  // namespace crayon::train
