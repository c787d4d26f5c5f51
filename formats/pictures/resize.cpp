#include "formats/pictures/resize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>

#include "base/error.h"
#include "formats/pictures/decoders.h"

namespace crayon::pictures {
namespace {

constexpr double a = -0.5;  // Keys' parameter: exact for parabolas
constexpr double support = 2;
// An 8-bit sample times weights whose magnitudes sum to less than 2 stays within 32 bits.
constexpr int fraction_bits = 22;

/// The kernel at a distance of `x` input pixels.
double cubic(double x) {
  x = std::abs(x);
  if (x < 1) {
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  }
  if (x < 2) {
    return (((x - 5) * x + 8) * x - 4) * a;
  }
  return 0;
}

/// What an output pixel is made of: the input pixels [first, first + weights.size()).
struct Tap {
  std::uint32_t first = 0;
  std::span<const std::int32_t> weights;  // of 2^-22
};

/// The taps of the output pixels [start, start + count) along one side of a picture, which has
/// `in_size` pixels and gets `out_size`.
class Taps {
 public:
  Taps(std::uint32_t in_size, std::uint32_t out_size, std::uint32_t start, std::uint32_t count);

  Tap operator[](std::uint32_t i) const {
    return {firsts_[i], std::span(weights_).subspan(ends_[i], ends_[i + 1] - ends_[i])};
  }

  /// The input pixels that any of them needs.
  std::uint32_t begin() const { return firsts_.front(); }
  std::uint32_t end() const {
    return firsts_.back() + static_cast<std::uint32_t>(ends_.back() - ends_[ends_.size() - 2]);
  }

 private:
  void append(std::uint32_t in_size, double center, double stretch);

  std::vector<std::uint32_t> firsts_;
  std::vector<std::size_t> ends_ = {0};  // of each pixel's weights
  std::vector<std::int32_t> weights_;
  std::vector<double> unrounded_;
};

Taps::Taps(std::uint32_t in_size, std::uint32_t out_size, std::uint32_t start,
           std::uint32_t count) {
  const double scale = static_cast<double>(in_size) / out_size;
  for (std::uint32_t i = start; i < start + count; ++i) {
    append(in_size, (i + 0.5) * scale, std::max(scale, 1.0));
  }
}

void Taps::append(std::uint32_t in_size, double center, double stretch) {
  // Pixel x has its centre at x + 1/2.
  const double reach = support * stretch;
  const auto first = static_cast<std::uint32_t>(std::max(center - reach + 0.5, 0.0));
  const auto end = static_cast<std::uint32_t>(std::min<double>(center + reach + 0.5, in_size));
  const double shrink = 1 / stretch;
  unrounded_.clear();
  double sum = 0;
  for (std::uint32_t x = first; x < end; ++x) {
    unrounded_.push_back(cubic((x - center + 0.5) * shrink));
    sum += unrounded_.back();
  }
  for (const double weight : unrounded_) {
    weights_.push_back(static_cast<std::int32_t>(std::round(weight / sum * (1 << fraction_bits))));
  }
  firsts_.push_back(first);
  ends_.push_back(weights_.size());
}

std::uint8_t round_to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
}

/// One output pixel of what lies at `in`, `stride` bytes from pixel to pixel.
void weigh(const std::uint8_t* in, std::size_t stride, std::span<const std::int32_t> weights,
           std::uint8_t* out) {
  constexpr std::int32_t half = 1 << (fraction_bits - 1);
  std::int32_t red = half;
  std::int32_t green = half;
  std::int32_t blue = half;
  for (const std::int32_t weight : weights) {
    red += in[0] * weight;
    green += in[1] * weight;
    blue += in[2] * weight;
    in += stride;
  }
  out[0] = round_to_byte(red);
  out[1] = round_to_byte(green);
  out[2] = round_to_byte(blue);
}

void check_window(std::uint32_t width, std::uint32_t height, const Window& window) {
  const bool inside = window.left <= width && window.width <= width - window.left &&
                      window.top <= height && window.height <= height - window.top;
  if (!inside || window.width == 0 || window.height == 0) {
    throw Error(Code::bad_argument,
                fmt::format("the window of {} x {} pixels at {}, {} is empty or not inside {} x {}",
                            window.width, window.height, window.left, window.top, width, height));
  }
  check_size(window.width, window.height);
}

}  // namespace

Picture resize_bicubic(const Picture& picture, std::uint32_t width, std::uint32_t height,
                       const Window& window) {
  assert(picture.rgb.size() == std::size_t{3} * picture.width * picture.height);
  check_window(width, height, window);
  const Taps columns(picture.width, width, window.left, window.width);
  const Taps rows(picture.height, height, window.top, window.height);

  // The picture's rows that are needed, resized in themselves: [rows.end() -
  // rows.begin()][width][3].
  const std::size_t out_bytes = std::size_t{3} * window.width;
  std::vector<std::uint8_t> narrow((rows.end() - rows.begin()) * out_bytes);
  for (std::uint32_t y = rows.begin(); y < rows.end(); ++y) {
    const std::uint8_t* in = &picture.rgb[std::size_t{3} * picture.width * y];
    std::uint8_t* out = &narrow[(y - rows.begin()) * out_bytes];
    for (std::uint32_t x = 0; x < window.width; ++x) {
      const Tap tap = columns[x];
      weigh(in + std::size_t{3} * tap.first, 3, tap.weights, out + std::size_t{3} * x);
    }
  }

  Picture result = make_picture(window.width, window.height);
  for (std::uint32_t y = 0; y < window.height; ++y) {
    const Tap tap = rows[y];
    const std::uint8_t* in = &narrow[(tap.first - rows.begin()) * out_bytes];
    for (std::size_t at = 0; at < out_bytes; at += 3) {
      weigh(in + at, out_bytes, tap.weights, &result.rgb[y * out_bytes + at]);
    }
  }
  return result;
}

Picture resize_bicubic(const Picture& picture, std::uint32_t width, std::uint32_t height) {
  return resize_bicubic(picture, width, height, {0, 0, width, height});
}

}  // namespace crayon::pictures
