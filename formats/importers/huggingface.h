#pragma once

#include <filesystem>

#include "formats/importers/json_object.h"
#include "formats/model_source.h"

namespace crayon::importers {

// Folders as Hugging Face's transformers saves them.

/// config.json and the weights; no tokenizer.
formats::ModelSource read_huggingface_model(const std::filesystem::path& folder);

/// A config.json, for an architecture of the table in architectures.cpp. Throws architecture,
/// malformed, and unsupported for switches that change the computation.
formats::ModelConfig read_huggingface_config(const JsonObject& json);

/// tokenizer.json, and what tokenizer_config.json, special_tokens_map.json,
/// generation_config.json and config.json beside it say of special tokens and the chat template.
formats::TokenizerData read_huggingface_tokenizer(const std::filesystem::path& tokenizer_json);

/// Adds to a tokenizer what those files in `folder` say; any of them may be absent.
void read_side_files(formats::TokenizerData& tokenizer, const std::filesystem::path& folder);

}  // namespace crayon::importers
