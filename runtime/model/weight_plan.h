#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/bundle.h"
#include "runtime/model/matrix.h"

namespace crayon::model {

/// One tensor of a model and its place in the packed weights.
struct PlannedTensor {
  formats::TensorEntry stored;
  std::uint64_t offset = 0;  ///< in the packed weights; a multiple of PackedShape::alignment
  PackedShape parts;
};

/// Where each tensor that a step reads lies in the packed weights: end to end, in the order of
/// formats::expected_tensors. A pure function of what the bundle's index says and of the layout, so
/// that an image of the weights needs no directory.
class WeightPlan {
 public:
  /// Throws missing_tensor; bad_shape unless each tensor has the shape that the configuration asks
  /// for; unsupported for vectors that are not f32; over_limit for rows that are too long for sums
  /// in int32; bad_argument when the bundle holds nothing that is packed.
  WeightPlan(const formats::BundleInfo& info, const kernels::Layout& layout);

  std::uint64_t bytes() const { return bytes_; }
  std::span<const PlannedTensor> tensors() const { return tensors_; }
  /// One of tensors(); null when the model has none of that name.
  const PlannedTensor* find(const std::string& name) const;

 private:
  std::vector<PlannedTensor> tensors_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  // views of tensors_' names
  std::uint64_t bytes_ = 0;
};

/// The configuration of a bundle's language model, checked; throws bad_argument when it holds none.
const formats::ModelConfig& model_config(const formats::BundleInfo& info);

/// The image side of a bundle's dual encoder, checked with its text side; throws bad_argument when
/// it holds none.
const formats::ImageTower& image_tower(const formats::BundleInfo& info);

}  // namespace crayon::model
