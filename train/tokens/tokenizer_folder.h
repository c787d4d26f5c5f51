#pragma once

#include <filesystem>

#include "formats/tokenizer_data.h"

namespace crayon::train {

/// Writes a SentencePiece-like tokenizer as Hugging Face folders have it, in the form of Llama 2's:
/// tokenizer.json (BPE with byte_fallback, its merges in order of the pieces' scores) and
/// tokenizer_config.json. importers::import_tokenizer reads it back. The folder is made when it
/// is not there. Throws bad_argument for another kind of tokenizer or one without <unk>, <s> and
/// </s>, and what writing throws.
void write_tokenizer_folder(const formats::TokenizerData& data,
                            const std::filesystem::path& folder);

}  // namespace crayon::train
