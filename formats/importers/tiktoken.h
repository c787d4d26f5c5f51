#pragma once

#include <string>
#include <string_view>

#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// Whether a file that begins with `start` (64 bytes are enough) can be a file of ranks: a line
/// "IQ== 0".
bool starts_like_tiktoken(std::string_view start);

/// A file of ranks of OpenAI's tiktoken, which Llama 3 has as tokenizer.model: on each line a
/// token in base64 and its rank, which is its id. The file has no special tokens and no expression
/// to split text by; the number of ranks tells whose it is. Throws unsupported, listing the known
/// ones, for another number. `where` names the file.
formats::TokenizerData read_tiktoken(std::string_view text, const std::string& where);

}  // namespace crayon::importers
