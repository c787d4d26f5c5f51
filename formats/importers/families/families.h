#pragma once

#include <span>

#include "formats/importers/architectures.h"

namespace crayon::importers {

// The rows of the table that find_architecture() looks through, a file for each family. To teach
// the importers an architecture whose computation formats/model_config.h can describe, add a row.

std::span<const Architecture> llama_family();  ///< Llama, Mistral, SmolLM3
std::span<const Architecture> qwen_family();   ///< Qwen2, Qwen3
std::span<const Architecture> gemma_family();  ///< Gemma 1, 2, 3
std::span<const Architecture> phi3_family();   ///< Phi-3, Phi-4-mini
std::span<const Architecture> gpt2_family();
std::span<const Architecture> gpt_neo_family();

/// The names of a dual encoder's two towers.
struct ClipTensors {
  Architecture text;
  Architecture image;
};
const ClipTensors& huggingface_clip();
const ClipTensors& open_clip();

}  // namespace crayon::importers
