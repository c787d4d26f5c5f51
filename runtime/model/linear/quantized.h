#pragma once

#include <cassert>
#include <cstdint>

#include "kernels/layout.h"
#include "runtime/model/aligned.h"

namespace crayon::model {

/// Memory for int8 activations of up to `tokens` tokens with up to `inputs` inputs.
class QuantizedScratch {
 public:
  QuantizedScratch() = default;
  QuantizedScratch(std::uint64_t tokens, std::uint64_t inputs)
      : data_(tokens * kernels::LayoutX::padded_inputs(inputs)),
        scale_(tokens),
        sum_(tokens),
        group_sum_(data_.size() / kernels::group_inputs) {}

  static std::uint64_t bytes(std::uint64_t tokens, std::uint64_t inputs) {
    const std::uint64_t padded = kernels::LayoutX::padded_inputs(inputs);
    return tokens * (padded + padded / kernels::group_inputs * sizeof(std::int32_t) +
                     sizeof(float) + sizeof(std::int32_t));
  }

  /// Makes room for as much where there is less, which then is lost.
  void reserve(std::uint64_t tokens, std::uint64_t inputs) {
    if (scale_.size() < tokens || data_.size() < tokens * kernels::LayoutX::padded_inputs(inputs)) {
      *this = QuantizedScratch(tokens, inputs);
    }
  }

  /// The same memory as activations of that shape.
  kernels::ActivationsI8 as(std::size_t tokens, std::size_t inputs) {
    const std::size_t padded = kernels::LayoutX::padded_inputs(inputs);
    assert(tokens <= scale_.size() && tokens * padded <= data_.size());
    return {tokens, padded, data_.data(), scale_.data(), sum_.data(), group_sum_.data()};
  }

 private:
  AlignedArray<std::int8_t> data_;
  AlignedArray<float> scale_;
  AlignedArray<std::int32_t> sum_;
  AlignedArray<std::int32_t> group_sum_;
};

}  // namespace crayon::model
