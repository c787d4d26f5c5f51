#pragma once

#include <optional>
#include <utility>

#include "base/file_mapping.h"
#include "runtime/model/aligned.h"

namespace crayon::model {

/// What a model's packed weights lie in: memory of this process, or the pages of an image.
class WeightMemory {
 public:
  WeightMemory() = default;
  /// Filled by whoever made it.
  explicit WeightMemory(AlignedArray<std::uint8_t> own) : own_(std::move(own)) {
    bytes_ = own_.span();
  }
  /// Those of `image` from byte `offset` on.
  WeightMemory(FileMapping image, std::size_t offset) : image_(std::move(image)) {
    bytes_ = image_->bytes().subspan(offset);
  }
  WeightMemory(WeightMemory&&) noexcept = default;
  WeightMemory& operator=(WeightMemory&&) noexcept = default;

  ByteSpan bytes() const { return bytes_; }
  bool is_image() const { return image_.has_value(); }

 private:
  AlignedArray<std::uint8_t> own_;
  std::optional<FileMapping> image_;
  ByteSpan bytes_;
};

}  // namespace crayon::model
