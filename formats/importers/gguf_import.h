#pragma once

#include <filesystem>
#include <memory>

#include "formats/importers/gguf.h"
#include "formats/model_source.h"

namespace crayon::importers {

/// A GGUF model but for its tokenizer and provenance.
struct GgufModel {
  formats::ModelConfig config;
  std::vector<formats::SourceTensor> tensors;  ///< keep the file open
};
GgufModel read_gguf_model(const std::shared_ptr<const GgufFile>& file);

/// Throws bad_tokenizer or unsupported. A vocabulary-only file will do.
formats::TokenizerData read_gguf_tokenizer(const GgufFile& file);

/// A GGUF-LoRA, without provenance, for a base of this configuration. B's rows for q and k are
/// put into the half-split order.
formats::AdapterSource read_gguf_adapter(const GgufFile& file, const formats::ModelConfig& base);

/// "general.license", or empty.
std::string gguf_licence(const GgufFile& file);

}  // namespace crayon::importers
