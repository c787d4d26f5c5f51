#pragma once

#include <optional>
#include <string>

#include "formats/image_tower.h"
#include "formats/model_config.h"
#include "formats/tokenizer_data.h"

// What a model of random weights is made of besides its weights.

namespace crayon::importers {

struct RandomShape {
  formats::ModelConfig config;
  std::optional<formats::ImageTower> image = {};  ///< of a dual encoder, whose text side is config
};

/// "tiny", a published model ("smollm2-135m"), or the path of any config.json that can be read.
/// Throws bad_argument, listing the names, for anything else, and what reading the file throws.
RandomShape random_model_shape(const std::string& shape);

/// Three specials, 256 bytes, printable ASCII, some merges of it, and made-up pieces up to `size`
/// tokens. Throws unsupported for less than 384, which come before those.
formats::TokenizerData random_model_tokenizer(std::uint32_t size);

}  // namespace crayon::importers
