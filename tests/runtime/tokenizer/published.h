#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::tokenizer::test {

/// A text and the ids that the reference implementation gives it, without BOS and EOS.
struct ReferenceCase {
  std::string text;
  std::vector<formats::Token> tokens;
};

/// `name`.inp and `name`.out.
std::vector<ReferenceCase> read_reference_cases(const std::filesystem::path& name);

}  // namespace crayon::tokenizer::test
