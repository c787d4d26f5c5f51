#pragma once

#include <filesystem>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::test {

/// Token ids out of a JSON file that is a list of them.
std::vector<formats::Token> read_ids(const std::filesystem::path& path);

/// Raw little-endian float32 in one zstd frame: logits [tokens][vocab] that another
/// implementation computed.
std::vector<double> read_logits(const std::filesystem::path& path);

}  // namespace crayon::test
