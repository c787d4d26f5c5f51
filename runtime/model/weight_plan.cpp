#include "runtime/model/weight_plan.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "base/error.h"
#include "formats/architecture.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using formats::ExpectedTensor;
using formats::TensorEntry;

const char* const pack_again = "pack the model again";

void check(const TensorEntry& tensor, const ExpectedTensor& expected) {
  if (tensor.shape != expected.shape) {
    throw Error(
        Code::bad_shape,
        fmt::format("tensor {} is [{}][{}], the configuration says [{}][{}]", tensor.name,
                    tensor.shape.rows, tensor.shape.cols, expected.shape.rows, expected.shape.cols),
        pack_again);
  }
  const bool is_vector =
      expected.role == formats::TensorRole::vector || expected.role == formats::TensorRole::scales;
  if (is_vector && tensor.dtype != Dtype::f32) {
    throw Error(Code::unsupported, fmt::format("tensor {} is not f32", tensor.name), pack_again);
  }
  const bool integers = tensor.dtype == Dtype::i8 || tensor.dtype == Dtype::i4;
  if (integers && tensor.shape.cols > kernels::max_inputs_i8) {
    throw Error(Code::over_limit,
                fmt::format("tensor {} has rows of {} integers, more than {}", tensor.name,
                            tensor.shape.cols, kernels::max_inputs_i8),
                "pack the model with --weights f16");
  }
}

}  // namespace

const formats::ModelConfig& model_config(const formats::BundleInfo& info) {
  if (info.kind != formats::BundleKind::model || !info.config) {
    throw Error(Code::bad_argument,
                fmt::format("a bundle of kind {} where a model belongs", kind_name(info.kind)),
                "name a model bundle");
  }
  formats::check(*info.config);
  return *info.config;
}

const formats::ImageTower& image_tower(const formats::BundleInfo& info) {
  if (info.kind != formats::BundleKind::encoder || !info.config || !info.image) {
    throw Error(Code::bad_argument,
                fmt::format("a bundle of kind {} where an encoder belongs", kind_name(info.kind)),
                "name an encoder bundle: `crayon pack` makes one of a CLIP model");
  }
  formats::check(*info.config);
  formats::check(*info.image, *info.config);
  return *info.image;
}

namespace {

/// Of all that the bundle holds.
std::vector<ExpectedTensor> all_expected(const formats::BundleInfo& info) {
  if (info.kind == formats::BundleKind::gallery) {
    return {{std::string(formats::embeddings), info.tensors.front().shape,
             formats::TensorRole::projection}};
  }
  if (info.kind != formats::BundleKind::encoder) {
    return formats::expected_tensors(model_config(info));
  }
  const formats::ImageTower& image = image_tower(info);
  return formats::expected_tensors(*info.config, &image);
}

}  // namespace

WeightPlan::WeightPlan(const formats::BundleInfo& info, const kernels::Layout& layout) {
  std::unordered_map<std::string_view, const TensorEntry*> stored;
  for (const TensorEntry& tensor : info.tensors) {
    stored.emplace(tensor.name, &tensor);
  }
  for (const ExpectedTensor& expected : all_expected(info)) {
    const auto found = stored.find(expected.name);
    if (found == stored.end()) {
      throw Error(Code::missing_tensor, fmt::format("there is no tensor {}", expected.name),
                  "pack the bundle again from a complete source");
    }
    const TensorEntry& tensor = *found->second;
    check(tensor, expected);
    if (expected.role == formats::TensorRole::scales) {
      continue;
    }
    const PackedShape parts(tensor.dtype, tensor.shape, layout);
    tensors_.push_back({tensor, bytes_, parts});
    bytes_ = checked_add(bytes_, parts.size, "weights");
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    by_name_.emplace(tensors_[i].stored.name, i);
  }
}

const PlannedTensor* WeightPlan::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace crayon::model
