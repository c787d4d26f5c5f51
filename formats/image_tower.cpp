#include "formats/image_tower.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

void check_fields(const ImageTower& image, const ModelConfig& text) {
  check(image.config);
  if (!image.config.reads_image() || text.reads_image()) {
    fail(Code::corrupt, "config", "one tower reads an image, the other tokens");
  }
  if (image.config.output_dim != text.output_dim) {
    fail(Code::corrupt, "config.output_dim",
         fmt::format("{} where the text tower has {}", image.config.output_dim, text.output_dim));
  }
  const auto is_positive = [](float value) { return std::isfinite(value) && value > 0.0f; };
  for (std::size_t colour = 0; colour < image.pixels.mean.size(); ++colour) {
    if (!std::isfinite(image.pixels.mean[colour]) || !is_positive(image.pixels.deviation[colour])) {
      fail(Code::corrupt, "pixels", "a mean is not finite, or a deviation not positive");
    }
  }
  if (!is_positive(image.logit_scale)) {
    fail(Code::corrupt, "logit_scale",
         fmt::format("{} is not a positive number", image.logit_scale));
  }
}

}  // namespace

void check(const ImageTower& image, const ModelConfig& text) {
  in_field("image", [&] { check_fields(image, text); });
}

}  // namespace crayon::formats
