#pragma once

#include <string>
#include <string_view>

#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// Whether a file that begins with `start` (16 bytes are enough) can be a SentencePiece model:
/// first comes a message, its first piece.
bool starts_like_sentencepiece(std::string_view start);

/// A SentencePiece model, the file tokenizer.model (sentencepiece_model.proto): BPE and unigram,
/// with the normalizer's flags and rules. `where` names the file. BOS is asked for by BPE models
/// and EOS by unigram ones, as is the custom; the file does not say. Throws malformed, truncated,
/// unsupported for words and characters as pieces and for suffixed spaces, and bad_tokenizer.
formats::TokenizerData read_sentencepiece_model(std::string_view bytes, const std::string& where);

}  // namespace crayon::importers
