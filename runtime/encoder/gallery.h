#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "runtime/model/aligned.h"
#include "runtime/model/compute.h"
#include "runtime/model/linear/linear.h"
#include "runtime/model/matrix.h"

namespace crayon::encoder {

/// What a gallery's images were embedded with.
struct GalleryEncoder {
  formats::Hash id;
  std::string path;  ///< noted, to be found again
};

/// Writes a gallery bundle: embeddings [names][dim] of length 1, as int8 with a scale each. Returns
/// its id. Throws bad_argument without an image, and what
/// writing throws.
formats::Hash write_gallery(const formats::GalleryInfo& gallery, std::span<const float> embeddings,
                            const GalleryEncoder& encoder, const std::filesystem::path& path);

/// What a gallery bundle says of its images; throws bad_argument for another kind.
const formats::GalleryInfo& gallery_info(const formats::Bundle& bundle);

/// An image that was found.
struct Hit {
  std::size_t image;  ///< place in the gallery's names
  float cosine;
};

/// Images that can be searched for what an encoder makes of a text, or of another image: a flat
/// index, of which every search reads all, with the kernels of int8 matrices. Not for two threads
/// at once.
class Gallery {
 public:
  /// Throws bad_argument for another kind of bundle, and what reading it throws.
  Gallery(const formats::Bundle& bundle, const model::Compute& compute);

  const formats::GalleryInfo& info() const { return info_; }
  const formats::Hash& base() const { return base_; }  ///< id of its encoder
  std::size_t size() const { return matrix_.rows(); }
  std::size_t dim() const { return matrix_.inputs(); }

  /// Cosines of `query` [dim], of length 1, with all images: [size].
  std::vector<float> cosines(std::span<const float> query);
  /// The `most` images that are nearest, nearest first; of equally near ones the first come first.
  std::vector<Hit> search(std::span<const float> query, std::size_t most);

 private:
  formats::GalleryInfo info_;
  formats::Hash base_;
  model::Compute compute_;
  model::AlignedArray<std::uint8_t> packed_;
  model::Matrix matrix_;  // [images][dim]
  model::LinearScratch scratch_;
};

}  // namespace crayon::encoder
