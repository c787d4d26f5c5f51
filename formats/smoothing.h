#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_source.h"

namespace crayon::formats {

/// Scales a of the channels that one layer's linear maps read: they read a * x, with weights that
/// are divided by a column by column. In front of each place stands what is linear in a channel and
/// takes the factor up, so the layer computes what it did (SmoothQuant, Xiao et al. 2023, section
/// 4; Quadapter, Park et al. 2022, section 3). All are above 0.
struct LayerScales {
  std::vector<float> qkv;  ///< [dim]: of q, k and v; into the attention norm
  std::vector<float> o;    ///< [kv_dim]: of o, one for the query heads that share a KV head; into
                           ///< the rows of v
  std::vector<float> gate_up;  ///< [dim]: of gate and up; into the MLP's norm
  std::vector<float> down;  ///< [hidden_dim]: of down, into the rows of up; empty when the MLP is
                            ///< not gated, as an activation stands between them
};

/// Of a whole model, [layers].
struct ChannelScales {
  std::vector<LayerScales> layers;
};

/// All scales 1.
ChannelScales unit_scales(const ModelConfig& config);

/// The same model with the scales folded into its norms and weights, and kept beside them. Throws
/// bad_argument for scales of other sizes or not in [2^-20, 2^20], and for a model that is smoothed
/// already.
ModelSource smooth(ModelSource source, const ChannelScales& scales);

/// Scales out of vectors of a file, by the names that they have in a bundle: "layers.0.qkv_scales".
/// Throws corrupt, naming the file, for scales that smooth() refuses, and what `read` does.
ChannelScales scales_of(const ModelConfig& config, const std::filesystem::path& file,
                        const std::function<std::vector<float>(const std::string& name)>& read);

/// The scales that were folded into a bundle's model; none when it was not smoothed. Throws corrupt
/// for scales that smooth() refuses.
std::optional<ChannelScales> read_scales(const Bundle& bundle);

// Low-rank factors that were made for the model without scales add the same to the model with them
// when they are folded, too.

/// Of what reads a projection's input: A, or the directions of its router. rows [n][inputs]
void fold_inputs(const ChannelScales& scales, const ModelConfig& config, std::uint32_t layer,
                 Projection which, std::span<float> rows);
/// Of what writes its output: B [outputs][rank].
void fold_outputs(const ChannelScales& scales, std::uint32_t layer, Projection which,
                  std::uint32_t rank, std::span<float> b);

}  // namespace crayon::formats
