#include "cli/encoder/description.h"

#include <fmt/format.h>

#include "cli/engine.h"
#include "cli/inspect/model_description.h"
#include "runtime/encoder/encoder.h"

namespace crayon::cli {
namespace {

std::string tower_text(const formats::ModelConfig& config) {
  return fmt::format("{} layers, width {}, {} heads of {}, MLP {}; {}", config.layers, config.dim,
                     config.heads, config.head_dim, config.hidden_dim, differences_text(config));
}

model::MemoryEstimate memory_of(const formats::BundleInfo& info) {
  return encoder::Encoder::estimate(info, select_kernels(std::string()));
}

}  // namespace

std::vector<DescriptionRow> encoder_rows(const formats::BundleInfo& info) {
  const formats::ImageTower& image = *info.image;
  const model::MemoryEstimate memory = memory_of(info);
  return {{"text tower",
           fmt::format("{} tokens; {}", info.config->max_context, tower_text(*info.config))},
          {"image tower",
           fmt::format("{} x {} pixels in patches of {}; {}", image.config.image_size,
                       image.config.image_size, image.config.patch_size, tower_text(image.config))},
          {"embeddings", fmt::format("{} numbers, logit scale {:.4g}", image.config.output_dim,
                                     image.logit_scale)},
          {"memory", fmt::format("{}: weights {}, KV caches {}, scratch {}",
                                 bytes_text(memory.total()), bytes_text(memory.weights),
                                 bytes_text(memory.kv_cache), bytes_text(memory.scratch))}};
}

Json encoder_json(const formats::BundleInfo& info) {
  const formats::ImageTower& image = *info.image;
  const model::MemoryEstimate memory = memory_of(info);
  return {{"dim", image.config.output_dim},
          {"logit_scale", image.logit_scale},
          {"pixel_mean", image.pixels.mean},
          {"pixel_deviation", image.pixels.deviation},
          {"image", config_json(image.config)},
          {"memory",
           {{"weights_bytes", memory.weights},
            {"kv_cache_bytes", memory.kv_cache},
            {"scratch_bytes", memory.scratch},
            {"total_bytes", memory.total()}}}};
}

std::vector<DescriptionRow> gallery_rows(const formats::GalleryInfo& gallery) {
  return {{"pictures", fmt::to_string(gallery.names.size())}, {"folder", gallery.folder}};
}

Json gallery_json(const formats::GalleryInfo& gallery) {
  return {{"folder", gallery.folder}, {"images", gallery.names}};
}

}  // namespace crayon::cli
