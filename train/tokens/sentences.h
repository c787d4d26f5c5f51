#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace crayon::train {

/// What a tokenizer is trained on: lines of text files, and contexts, questions and choices of
/// task files, without empty ones. Very long lines come in parts.
/// At most `most` of them are kept, drawn at random, each with the same chance; the same seed
/// draws the same ones. Throws as LineReader and eval::parse_task_item do, and malformed when
/// there is none at all.
std::vector<std::string> sample_sentences(std::span<const std::filesystem::path> inputs,
                                          std::size_t most, std::uint64_t seed);

}  // namespace crayon::train
