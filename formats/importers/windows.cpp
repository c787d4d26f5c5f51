#include "formats/importers/windows.h"

#include <algorithm>
#include <utility>

namespace crayon::importers {

void set_windows(formats::ModelConfig& config, std::uint32_t window, std::vector<bool> layers) {
  const bool any = std::ranges::find(layers, true) != layers.end();
  const bool whole = window >= config.max_context && config.rope_window_theta == 0.0f;
  if (window == 0 || whole || !any) {
    return;
  }
  config.window = window;
  config.windowed = std::move(layers);
}

void set_window(formats::ModelConfig& config, std::uint32_t window) {
  set_windows(config, window, std::vector<bool>(config.layers, true));
}

}  // namespace crayon::importers
