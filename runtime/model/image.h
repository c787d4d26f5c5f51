#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "runtime/model/compute.h"
#include "runtime/model/weight_memory.h"
#include "runtime/model/weight_plan.h"

namespace crayon::model {

/// The packed image of a bundle: its weights as a kernel set's layout has them, in a file beside it
/// that later starts map instead of decoding. docs/activated-image.md has its bytes.
///
/// Where every array lies follows from the bundle and the layout (WeightPlan); the header says for
/// which of them the image was made. So nothing in an image is an offset or a size that could lead
/// astray, and its weights, like all bytes of a file, are numbers of any value.
class Image {
 public:
  /// The image of `bundle` for `layout`, whether it is there or not. Keeps references to both.
  Image(const formats::Bundle& bundle, const kernels::Layout& layout)
      : bundle_(bundle), layout_(layout) {}

  /// The bundle's path and the layout's ids: "m.crayon.packed-1-2".
  std::filesystem::path path() const;

  struct Opened {
    std::optional<WeightMemory> memory;  ///< when the image is there and fits
    std::string why_not;                 ///< else; empty when there is no such file
  };
  /// Maps the image. Its header is checked against bundle, layout and the file's size; its weights
  /// are not read. What does not fit is no error: a bundle can do without.
  Opened open(const WeightPlan& plan) const;

  /// Writes it, whole or not at all. `packed` has plan.bytes() bytes. Throws no_space or io.
  void write(const WeightPlan& plan, ByteSpan packed) const;

  /// Compares the weights with the hash in the header; false when there is no image that fits.
  /// Throws corrupt.
  bool verify(const WeightPlan& plan) const;

 private:
  const formats::Bundle& bundle_;
  const kernels::Layout& layout_;
};

/// What a start with these kernels would find beside the bundle: "none", "fits", or "not used:
/// why".
std::string image_state(const formats::Bundle& bundle, const kernels::KernelSet& kernels);

/// Checks the weights of every image that fits, of any kernel set. Returns their paths. Throws what
/// Image::verify() does.
std::vector<std::filesystem::path> verify_images(const formats::Bundle& bundle);

/// Decodes and packs the weights of `bundle` and writes its image for the kernels of `compute`.
/// Throws what load_weights() and Image::write() do. Returns the image's path.
std::filesystem::path write_image(const formats::Bundle& bundle, const Compute& compute);

/// Removes every image beside a bundle, whatever the layout, and returns their paths. Throws io.
std::vector<std::filesystem::path> remove_images(const std::filesystem::path& bundle);

}  // namespace crayon::model
