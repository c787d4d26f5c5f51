#pragma once

#include "formats/tokenizer_data.h"

namespace crayon::fuzz {

/// Reads a text with a tokenizer out of a file, if it can be made: the importers' checks do not
/// compile expressions.
void use_tokenizer(const formats::TokenizerData& data);

}  // namespace crayon::fuzz
