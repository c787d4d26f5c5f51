#pragma once

#include <cstdint>
#include <vector>

#include "formats/model_config.h"

namespace crayon::importers {

/// Lets the marked layers ([layers]) see `window` positions, 0 meaning all. Sets nothing where
/// that changes nothing: for a window that holds the whole context, unless windowed layers have
/// a theta of their own.
void set_windows(formats::ModelConfig& config, std::uint32_t window, std::vector<bool> layers);

/// The same for all layers.
void set_window(formats::ModelConfig& config, std::uint32_t window);

}  // namespace crayon::importers
