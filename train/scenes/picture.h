#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "train/scenes/scene.h"

namespace crayon::train::scenes {

struct Picture {
  std::size_t side = 0;           ///< pixels of width and of height
  std::vector<std::uint8_t> rgb;  ///< [side][side][3], top row first
};

/// The scene as a picture: edges antialiased, and from the scene's seed places, sizes, angles and
/// colours a little off, a fall of light and noise.
Picture paint(const Scene& scene, std::size_t side);

/// Writes a binary PPM (netpbm's P6). Not synced: pictures come in thousands. Throws io.
void write_ppm(const Picture& picture, const std::filesystem::path& path);

}  // namespace crayon::train::scenes
