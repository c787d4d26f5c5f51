#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/file.h"
#include "formats/model_source.h"

namespace crayon::importers {

// The files of llama2.c (Karpathy 2023; export.py, run.c).

/// Whether a file is a model: one of version 1 or later has a magic number, a legacy one starts
/// with the numbers of a configuration.
bool is_llama2c_model(const File& file);

/// A model but for its tokenizer and provenance.
struct Llama2cModel {
  formats::ModelConfig config;
  std::vector<formats::SourceTensor> tensors;  ///< keep the file open
};
/// Throws unsupported for other versions, truncated and corrupt.
Llama2cModel read_llama2c_model(const std::shared_ptr<const File>& file);

/// Where `vocab_size` tokens for a model may lie beside it: tok<vocab>.bin or tokenizer.bin.
/// Throws not_found, naming both.
std::filesystem::path find_llama2c_tokenizer(const std::filesystem::path& model,
                                             std::uint32_t vocab_size);

/// A tok*.bin: how llama2.c spells spaces and special tokens is undone.
formats::TokenizerData read_llama2c_tokenizer(const File& file);

}  // namespace crayon::importers
