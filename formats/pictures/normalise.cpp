#include "formats/pictures/normalise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/pictures/resize.h"

namespace crayon::pictures {
namespace {

void check(const Preprocessing& wanted) {
  if (wanted.size == 0 || wanted.size > largest_input) {
    throw Error(Code::bad_argument,
                fmt::format("an image size of {}, not in 1..{}", wanted.size, largest_input));
  }
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const float mean = wanted.mean[channel];
    const float deviation = wanted.deviation[channel];
    if (!std::isfinite(mean) || !std::isfinite(deviation) || deviation <= 0) {
      throw Error(Code::bad_argument,
                  fmt::format("a mean of {} and a deviation of {} for channel {}", mean, deviation,
                              channel));
    }
  }
}

/// The middle `size` x `size` pixels of the picture whose shorter side has become `size`.
Picture shrink_to_square(const Picture& picture, std::uint32_t size) {
  const std::uint64_t shorter = std::min(picture.width, picture.height);
  const auto width = static_cast<std::uint32_t>(size * std::uint64_t{picture.width} / shorter);
  const auto height = static_cast<std::uint32_t>(size * std::uint64_t{picture.height} / shorter);
  return resize_bicubic(picture, width, height,
                        {(width - size) / 2, (height - size) / 2, size, size});
}

}  // namespace

std::vector<float> normalise(const Picture& picture, const Preprocessing& wanted) {
  check(wanted);
  const Picture square = shrink_to_square(picture, wanted.size);
  const std::size_t pixels = std::size_t{wanted.size} * wanted.size;
  std::vector<float> values(3 * pixels);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    std::array<float, 256> of_sample;
    for (std::size_t sample = 0; sample < of_sample.size(); ++sample) {
      of_sample[sample] =
          (static_cast<float>(sample) / 255.0f - wanted.mean[channel]) / wanted.deviation[channel];
    }
    for (std::size_t i = 0; i < pixels; ++i) {
      values[channel * pixels + i] = of_sample[square.rgb[3 * i + channel]];
    }
  }
  return values;
}

}  // namespace crayon::pictures
