#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "formats/model_source.h"
#include "tests/formats/importers/gguf_writer.h"

namespace crayon::test {

/// A model of a known architecture as llama.cpp's converter would write it, in F32. Its tokenizer
/// is SentencePiece's.
GgufWriter model_gguf(const formats::ModelSource& model);

/// The config.json of such a model for a class of transformers.
nlohmann::json model_config_json(const formats::ModelConfig& config,
                                 const std::string& huggingface);

/// A tokenizer.json with the pieces of `data` and no merges.
nlohmann::json model_tokenizer_json(const formats::TokenizerData& data);

/// A Hugging Face folder, with its weights in `dtype`: "F32", or "F16" or "BF16", which round.
void write_huggingface_folder(const formats::ModelSource& model, const std::string& huggingface,
                              const std::filesystem::path& folder,
                              const std::string& dtype = "F32");

}  // namespace crayon::test
