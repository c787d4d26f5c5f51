#pragma once

#include <filesystem>

#include "formats/model_source.h"

namespace crayon::importers {

/// A folder as Hugging Face's PEFT saves a LoRA (adapter_config.json, adapter_model.safetensors),
/// for a base of this configuration. Throws unsupported_adapter for kinds of LoRA that compute
/// something else, naming the field that says so.
formats::AdapterSource read_peft_adapter(const std::filesystem::path& folder,
                                         const formats::ModelConfig& base);

}  // namespace crayon::importers
