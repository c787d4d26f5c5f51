#include "runtime/engine/encoder_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "c_api/call.h"
#include "c_api/model.h"
#include "c_api/runtime.h"
#include "c_api/structs.h"
#include "formats/pictures/picture.h"

using namespace crayon;
using namespace crayon::c_api;

struct crayon_encoder final : Handle {
  static constexpr auto its_kind = Kind::encoder;
  static constexpr bool one_call_at_a_time = true;

  crayon_encoder(std::shared_ptr<RuntimeState> runtime, formats::Bundle bundle,
                 const engine::EngineOptions& options)
      : Handle(its_kind, std::move(runtime)), engine(std::in_place, std::move(bundle), options) {}
  void release() override { engine.reset(); }

  std::optional<engine::EncoderEngine> engine;
};

namespace {

/// Runs `embed` on an encoder when its vector will fit.
template <typename Embed>
crayon_code embed_with(crayon_encoder* encoder, float* vector, size_t capacity, crayon_error* error,
                       const Embed& embed) {
  return guarded(error, [&] {
    const Use use(encoder);
    check_room(vector, capacity, use->engine->encoder().dim());
    std::ranges::copy(embed(*use->engine), vector);
  });
}

pictures::Picture picture_of(const uint8_t* rgb, uint32_t width, uint32_t height) {
  check_not_null(rgb, "pixels");
  if (width == 0 || height == 0 || width > pictures::largest_side ||
      height > pictures::largest_side || std::uint64_t{width} * height > pictures::most_pixels) {
    throw Error(Code::bad_argument, fmt::format("a picture of {} x {} pixels", width, height),
                fmt::format("make it 1 to {} a side, and not more than {} in all",
                            pictures::largest_side, pictures::most_pixels));
  }
  const std::size_t bytes = std::size_t{width} * height * 3;
  return {.width = width, .height = height, .rgb = {rgb, rgb + bytes}};
}

}  // namespace

crayon_code crayon_encoder_open(crayon_runtime* runtime, const char* path,
                                const crayon_model_options* options, crayon_encoder** encoder,
                                crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(encoder, "a place for the encoder");
    const Use use(runtime);
    const crayon_model_options how = read_options(options, "crayon_model_options");
    auto opened = std::make_unique<crayon_encoder>(use->shared_runtime(),
                                                   open_bundle(path, read_keys(how.trusted_key)),
                                                   to_engine_options(how));
    use->runtime().log(CRAYON_LOG_INFO, fmt::format("encoder {}: {} numbers a vector", path,
                                                    opened->engine->encoder().dim()));
    hand_out(std::move(opened), encoder);
  });
}

crayon_code crayon_encoder_close(crayon_encoder* encoder) {
  return guarded(nullptr, [&] { close(encoder); });
}

crayon_code crayon_encoder_get_info(crayon_encoder* encoder, crayon_encoder_info* info,
                                    crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(info, "a crayon_encoder_info");
    const Filled out(info, "crayon_encoder_info");
    const Use use(encoder);
    const encoder::Encoder& its = use->engine->encoder();
    crayon_encoder_info told{};
    copy_text(formats::to_hex(its.id()), told.id);
    told.dim = its.dim();
    told.image_size = its.image_size();
    told.most_tokens = its.most_tokens();
    told.logit_scale = its.logit_scale();
    out.fill(told);
  });
}

crayon_code crayon_encoder_embed_text(crayon_encoder* encoder, const char* text, int32_t emphasis,
                                      float* vector, size_t capacity, crayon_error* error) {
  return embed_with(encoder, vector, capacity, error, [&](engine::EncoderEngine& engine) {
    const std::string words = required_text(text, "a text");
    return engine.embed_text(
        emphasis != 0 ? emphasis::parse(words) : emphasis::EmphasisedText{words, {}}, 0);
  });
}

crayon_code crayon_encoder_embed_file(crayon_encoder* encoder, const char* path, float* vector,
                                      size_t capacity, crayon_error* error) {
  return embed_with(encoder, vector, capacity, error, [&](engine::EncoderEngine& engine) {
    return engine.embed_picture(pictures::read_picture(required_text(path, "a path")));
  });
}

crayon_code crayon_encoder_embed_pixels(crayon_encoder* encoder, const uint8_t* rgb, uint32_t width,
                                        uint32_t height, float* vector, size_t capacity,
                                        crayon_error* error) {
  return embed_with(encoder, vector, capacity, error, [&](engine::EncoderEngine& engine) {
    return engine.embed_picture(picture_of(rgb, width, height));
  });
}
