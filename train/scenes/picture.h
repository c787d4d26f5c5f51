#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "train/scenes/scene.h"

namespace crayon::train::scenes {

struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> pixels;  ///< RGB [height][width][3]
};

/// The scene as a square picture: edges antialiased, and from the scene's seed places, sizes,
/// angles and colours a little off, a fall of light and noise.
Picture paint(const Scene& scene, std::size_t side);

/// Writes a binary PPM (netpbm's P6). Not synced: pictures come in thousands.
void write_ppm(const Picture& picture, const std::filesystem::path& path);

/// Reads a binary PPM of 8-bit samples. Throws malformed for anything else, truncated when pixels
/// are missing and over_limit above 4096 pixels a side.
Picture read_ppm(const std::filesystem::path& path);

}  // namespace crayon::train::scenes
