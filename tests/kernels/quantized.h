#pragma once

#include <cstdint>
#include <vector>

#include "kernels/layout.h"
#include "tests/kernels/guarded.h"

namespace crayon::test {

/// int8 activations of some tokens, every array ending at a guard page.
class Quantized {
 public:
  Quantized(std::size_t tokens, std::size_t inputs, const kernels::LayoutX& layout)
      : layout_(layout),
        padded_(kernels::LayoutX::padded_inputs(inputs)),
        data_(tokens * padded_, 64),
        scale_(tokens),
        sum_(tokens),
        group_sum_(tokens * padded_ / kernels::group_inputs) {
    view_ = {tokens, padded_, data_.data(), scale_.data(), sum_.data(), group_sum_.data()};
  }
  const kernels::ActivationsI8& view() const { return view_; }

  /// Where x(t, c) lies, as kernels/layout.h says.
  std::int8_t& at(std::size_t t, std::size_t c) {
    const std::size_t first = first_of(t), width = width_of(t), group = layout_.inputs_per_group;
    return data_[first * padded_ + (c / group * width + (t - first)) * group + c % group];
  }
  std::int32_t& group_sum(std::size_t t, std::size_t g) {
    const std::size_t first = first_of(t);
    return group_sum_[first * (padded_ / kernels::group_inputs) + g * width_of(t) + (t - first)];
  }
  float& scale(std::size_t t) { return scale_[t]; }

  /// Places x [tokens][inputs], whose scales are already there, with its sums.
  void place(const std::vector<std::int8_t>& x, std::size_t inputs) {
    for (std::size_t t = 0; t < view_.tokens; ++t) {
      sum_[t] = 0;
      for (std::size_t c = 0; c < padded_; ++c) {
        const std::int8_t value = c < inputs ? x[t * inputs + c] : std::int8_t{0};
        at(t, c) = value;
        group_sum(t, c / kernels::group_inputs) += value;
        sum_[t] += value;
      }
    }
  }

 private:
  std::size_t first_of(std::size_t t) const {
    return t / layout_.tokens_per_group * layout_.tokens_per_group;
  }
  std::size_t width_of(std::size_t t) const {
    return std::min(layout_.tokens_per_group, view_.tokens - first_of(t));
  }

  kernels::LayoutX layout_;
  std::size_t padded_;
  Guarded<std::int8_t> data_;
  Guarded<float> scale_;
  Guarded<std::int32_t> sum_;
  Guarded<std::int32_t> group_sum_;
  kernels::ActivationsI8 view_;
};

}  // namespace crayon::test
