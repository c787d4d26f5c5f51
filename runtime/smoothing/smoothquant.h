#pragma once

#include "formats/smoothing.h"
#include "runtime/smoothing/channel_maxima.h"

namespace crayon::smoothing {

/// The closed form of SmoothQuant (Xiao et al. 2023, equation 4), as factors of activations:
///   a_c = max|W_c|^(1-s) / max|X_c|^s
/// for channel c of a place, over all rows of all maps that read it; where query heads share a KV
/// head, over all of them. Only ratios matter, so the scales of a place are divided by their
/// geometric mean; then they are kept within 2^-6 and 2^6, and channels that are always 0 get 1.
/// `strength` is s, 0 to 1: 0 leaves the difficulty with the activations. Reads every projection of
/// `source` once.
formats::ChannelScales smoothquant(const formats::ModelSource& source, const ChannelMaxima& maxima,
                                   float strength);

}  // namespace crayon::smoothing
