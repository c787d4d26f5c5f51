#pragma once

#include <array>
#include <cstdint>

namespace crayon::train {

/// The linear maps of a layer. `gate` is only where the MLP is gated.
enum class Projection : std::uint8_t { q, k, v, o, gate, up, down };
inline constexpr std::array all_projections = {Projection::q,   Projection::k,    Projection::v,
                                               Projection::o,   Projection::gate, Projection::up,
                                               Projection::down};

/// "self_attn.q_proj" and so on: what Hugging Face calls a Llama's within a layer. Parameters have
/// these names in every family (Weights::named()).
const char* projection_name(Projection which);

}  // namespace crayon::train
