#pragma once

#include "train/model/config.h"

namespace crayon::train {

/// A decoder that is trained in a moment.
inline const Config tiny{.vocab = 40,
                         .dim = 32,
                         .layers = 2,
                         .heads = 4,
                         .kv_heads = 2,
                         .head_dim = 8,
                         .hidden = 48,
                         .context = 64};

/// The same as a GPT: what differs follows from the family.
inline Config tiny_gpt(Family family) {
  Config config = tiny;
  config.family = family;
  config.kv_heads = config.heads;
  return config;
}

}  // namespace crayon::train
