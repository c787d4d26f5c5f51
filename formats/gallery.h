#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace crayon::formats {

struct TensorEntry;

/// What a gallery bundle's embeddings are of, in their order: images that `crayon index` found in a
/// folder. Names are paths below that folder.
struct GalleryInfo {
  std::string folder;              ///< as it was named, or empty
  std::vector<std::string> names;  ///< [images]
  bool operator==(const GalleryInfo&) const = default;
};

inline constexpr std::size_t max_images = 1u << 20;
inline constexpr std::size_t max_image_name = 4096;

/// Throws corrupt, naming the field, unless each image has a name and a row of the embeddings.
void check(const GalleryInfo& gallery, std::span<const TensorEntry> tensors);

}  // namespace crayon::formats
