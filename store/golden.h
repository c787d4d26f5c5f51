#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/hash.h"
#include "formats/tokenizer_data.h"

namespace crayon::store {

/// What a healthy model answers: a prompt, the tokens that greedy decoding gives, and the time that
/// loading and answering may take. Float results are the same bits on every CPU, so tokens made on
/// a workstation hold for every board.
struct Golden {
  formats::Hash model{};  ///< id of the model that gave them
  std::string prompt;
  std::vector<formats::Token> tokens;
  std::uint64_t seconds = 60;
  bool operator==(const Golden&) const = default;
};

/// Throws malformed or over_limit, naming the field, for what is no such file.
Golden read_golden(const std::filesystem::path& path);
void write_golden(const std::filesystem::path& path, const Golden& golden);

}  // namespace crayon::store
