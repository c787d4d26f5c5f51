#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace crayon::formats {

/// The linear maps of a layer, in the order of the computation.
enum class Projection : std::uint8_t { q, k, v, o, gate, up, down };
inline constexpr std::array all_projections = {Projection::q,   Projection::k,    Projection::v,
                                               Projection::o,   Projection::gate, Projection::up,
                                               Projection::down};

const char* projection_name(Projection projection);
std::optional<Projection> projection_from_name(std::string_view name);

}  // namespace crayon::formats
