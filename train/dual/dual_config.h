#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace crayon::train {

/// gelu's forms in CLIP's towers: x sigmoid(1.702 x), or the exact one.
enum class Gelu : std::uint8_t { quick, erf };

/// One of the two transformers of a dual encoder.
struct TowerShape {
  std::int64_t dim = 128;  ///< width of the residual stream
  std::int64_t layers = 4;
  std::int64_t heads = 4;     ///< divides dim
  std::int64_t hidden = 512;  ///< width of the MLP
  double norm_eps = 1e-5;
  Gelu gelu = Gelu::quick;

  bool operator==(const TowerShape&) const = default;
};

/// An encoder of texts and of pictures into one space (Radford et al. 2021, CLIP, section 2.4: a
/// GPT-2-like text tower and a ViT), as a Hugging Face folder describes it.
struct DualConfig {
  TowerShape text;
  TowerShape image;
  std::int64_t vocab = 0;
  std::int64_t context = 32;  ///< positions of the text tower
  std::int64_t bos = 0;
  std::int64_t eos = 0;          ///< the text's embedding is read where it stands
  std::int64_t image_size = 48;  ///< pixels a side
  std::int64_t patch_size = 8;   ///< divides image_size
  std::int64_t output = 64;      ///< width of the common space
  // Of an RGB sample between 0 and 1: (sample - mean) / deviation enters the image tower.
  std::array<double, 3> mean = {0.5, 0.5, 0.5};
  std::array<double, 3> deviation = {0.25, 0.25, 0.25};

  std::int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }

  bool operator==(const DualConfig&) const = default;
};

/// Throws bad_argument, naming what is wrong, unless the sizes fit each other and memory.
void check(const DualConfig& config);

/// Reads config.json and preprocessor_config.json of a CLIPModel; fields left out have the values
/// that transformers gives them. Throws architecture for another model, malformed, unsupported
/// and what check() does.
DualConfig read_dual_config(const std::filesystem::path& folder);

/// Writes both files.
void write_dual_config(const DualConfig& config, const std::filesystem::path& folder);

}  // namespace crayon::train
