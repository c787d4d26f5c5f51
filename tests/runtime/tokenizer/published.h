#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::tokenizer::test {

/// The expressions that pre-tokenize, as published with the models.
extern const char* const llama3_expression;
extern const char* const qwen2_expression;

/// tiktoken's file: a line "base64-of-the-piece rank" a token, the rank being the id.
formats::TokenizerData read_tiktoken(const std::filesystem::path& file);

/// GPT-2's two files, which Qwen has as well: vocab.json (piece -> id) and merges.txt (a line "left
/// right" a merge), both in GPT-2's byte alphabet.
formats::TokenizerData read_vocab_and_merges(const std::filesystem::path& folder);

/// A text and the ids that the reference implementation gives it, without BOS and EOS.
struct ReferenceCase {
  std::string text;
  std::vector<formats::Token> tokens;
};

/// `name`.inp and `name`.out.
std::vector<ReferenceCase> read_reference_cases(const std::filesystem::path& name);

}  // namespace crayon::tokenizer::test
