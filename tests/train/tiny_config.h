#pragma once

#include "train/model/config.h"

namespace crayon::train {

/// A decoder that is trained in a moment.
inline constexpr Config tiny{.vocab = 40,
                             .dim = 32,
                             .layers = 2,
                             .heads = 4,
                             .kv_heads = 2,
                             .head_dim = 8,
                             .hidden = 48,
                             .context = 64};

}  // namespace crayon::train
