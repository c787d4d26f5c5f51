#pragma once

#include <filesystem>

#include "formats/image_tower.h"
#include "formats/importers/json_object.h"
#include "formats/model_source.h"

namespace crayon::importers {

// Dual encoders of CLIP's kind (Radford et al. 2021).

struct ClipConfig {
  formats::ModelConfig text;
  formats::ImageTower image;
};

/// Whether a config.json is that of Hugging Face's CLIPModel.
bool is_clip_config(const Json& json);

/// That file. Throws malformed, and unsupported for what would be computed otherwise.
ClipConfig read_clip_config(const JsonObject& json);

/// open_clip_config.json, which OpenCLIP saves; its image tower must be a plain ViT.
ClipConfig read_open_clip_config(const JsonObject& json);

/// preprocessor_config.json beside the first: the scale of pixels. Throws unsupported for
/// another size than the tower's, or another filter than CLIP's.
void read_clip_preprocessor(const JsonObject& json, formats::ImageTower& image);

/// Whether a folder has the files of either.
bool is_clip_folder(const std::filesystem::path& folder);

/// Configuration and weights of such a folder, without its tokenizer: config.json,
/// model.safetensors, and where it is there preprocessor_config.json; or open_clip_config.json and
/// open_clip_model.safetensors.
formats::ModelSource read_clip_model(const std::filesystem::path& folder);

}  // namespace crayon::importers
