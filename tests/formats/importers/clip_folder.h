#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "formats/tensor.h"
#include "tests/formats/importers/safetensors_writer.h"

namespace crayon::test {

/// The config.json of a CLIP of two tiny towers: texts of 8 tokens, images of 3 x 3 patches.
nlohmann::json clip_config_json();
/// The same model's open_clip_config.json.
nlohmann::json open_clip_config_json();

/// The numbers of one of its source tensors, all of them different and exact in f32.
std::vector<float> clip_numbers(std::string_view source, std::uint64_t count);

/// Its weights under the names of Hugging Face, or of OpenCLIP.
SafetensorsWriter clip_weights(bool open);

}  // namespace crayon::test
