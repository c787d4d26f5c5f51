#include "runtime/encoder/encoder.h"

#include <fmt/format.h>

#include "base/error.h"
#include "runtime/encoder/patches.h"
#include "runtime/model/tower.h"
#include "runtime/model/unit_length.h"
#include "runtime/model/weights.h"

namespace crayon::encoder {
namespace {

std::unique_ptr<model::Session> session_of(const model::Model& tower) {
  return std::make_unique<model::Session>(tower, tower.config().max_context, tower.default_kv());
}

std::vector<float> normalised(std::vector<float> vector) {
  model::scale_to_unit_length(std::span<const float>(vector), vector.data());
  return vector;
}

}  // namespace

Encoder::Encoder(const formats::Bundle& bundle, const kernels::KernelSet& kernels, ThreadPool& pool)
    : image_(model::image_tower(bundle.info())),
      towers_(model::Model::load_towers(bundle, kernels, pool)),
      text_session_(session_of(*towers_.text)),
      image_session_(session_of(*towers_.image)) {}

model::MemoryEstimate Encoder::estimate(const formats::BundleInfo& info,
                                        const kernels::KernelSet& kernels) {
  const formats::ModelConfig& image = model::image_tower(info).config;
  const model::KvDtype kv = model::default_kv(info);
  model::MemoryEstimate sum = model::session_memory(*info.config, info.config->max_context, kv);
  const model::MemoryEstimate more = model::session_memory(image, image.max_context, kv);
  sum.kv_cache += more.kv_cache;
  sum.scratch += more.scratch;
  sum.weights = model::weight_bytes(info, kernels.layout);
  return sum;
}

Encoder::~Encoder() = default;

const formats::Hash& Encoder::id() const {
  return towers_.text->id();
}

std::uint32_t Encoder::dim() const {
  return image_.config.output_dim;
}

std::uint32_t Encoder::image_size() const {
  return image_.config.image_size;
}

std::uint32_t Encoder::most_tokens() const {
  return towers_.text->config().max_context;
}

std::vector<float> Encoder::embed_text(std::span<const Token> tokens,
                                       const model::Emphasis& emphasis) {
  if (tokens.empty()) {
    throw Error(Code::bad_argument, "there are no tokens to embed", "give at least one token");
  }
  if (tokens.size() > most_tokens()) {
    throw Error(Code::context_full,
                fmt::format("a text of {} tokens, of which the encoder takes {}", tokens.size(),
                            most_tokens()),
                "shorten the text");
  }
  return normalised(model::encode_tokens(*towers_.text, *text_session_, tokens, emphasis));
}

std::vector<float> Encoder::embed_image(std::span<const float> pixels) {
  const std::size_t side = image_.config.image_size;
  if (pixels.size() != 3 * side * side) {
    throw Error(Code::bad_shape,
                fmt::format("{} numbers where an image of 3 x {} x {} is needed", pixels.size(),
                            side, side),
                "scale the image to the encoder's size");
  }
  return normalised(
      model::encode_patches(*towers_.image, *image_session_, cut_patches(pixels, image_.config)));
}

}  // namespace crayon::encoder
