#pragma once

#include <string>

#include "formats/image_tower.h"
#include "formats/model_config.h"
#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// formats::check, with the name of the file (`where`) in front of its errors.
void check_config(const formats::ModelConfig& config, const std::string& where);
void check_clip(const formats::ModelConfig& text, const formats::ImageTower& image,
                const std::string& where);
void check_tokenizer(const formats::TokenizerData& tokenizer, const std::string& where);

}  // namespace crayon::importers
