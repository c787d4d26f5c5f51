#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "formats/model_config.h"

namespace crayon::test {

/// A tiny model of an architecture: 64 wide, 96 tokens, windows below 64 positions.
struct ArchVariant {
  std::string name;
  std::string huggingface;  ///< class
  bool gguf;                ///< whether GGUF has the architecture
  formats::ModelConfig config;
};

/// Of the models whose logits lie in tests/data/arch.
inline constexpr std::uint64_t arch_seed = 2026;

std::span<const ArchVariant> arch_variants();

/// Throws bad_argument, listing the known ones.
const ArchVariant& find_variant(std::string_view name);

}  // namespace crayon::test
