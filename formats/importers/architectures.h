#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/model_config.h"
#include "formats/tensor.h"

namespace crayon::importers {

/// The conventions for names and row order that a source follows.
enum class Naming : std::uint8_t { gguf, huggingface };

/// One tensor under its three names. "N" stands for the layer.
struct TensorRule {
  std::string_view bundle;
  std::string_view gguf;
  std::string_view huggingface;
};

/// Where a size or number of the configuration comes from. GGUF keys follow "<architecture>.".
struct SizeRule {
  std::uint32_t formats::ModelConfig::*field;
  std::string_view gguf;
  const char* huggingface;
};

/// An architecture as data. To teach the importers another one whose computation the runtime
/// knows, add a row to the table in architectures.cpp.
struct Architecture {
  std::string_view name;         ///< ModelConfig::architecture, GGUF's general.architecture
  std::string_view huggingface;  ///< the class in config.json's "architectures"
  std::span<const SizeRule> sizes;
  std::span<const TensorRule> tensors;
  /// GGUF converters store the rows of q and k for interleaved RoPE pairs.
  bool gguf_interleaves_rope;
};

/// Throws architecture, listing the known ones. `where` names the file.
const Architecture& find_architecture(std::string_view name, Naming naming, std::string_view where);

/// A tensor that a model must have, and where a source keeps it.
struct ExpectedTensor {
  std::string bundle;
  std::string source;
  formats::Shape shape;
  /// Not 0: the source's rows are for interleaved RoPE pairs in heads of this many rows.
  std::uint32_t interleaved_head = 0;
};

/// All tensors of a model, in the order of the bundle. `config` has been checked.
std::vector<ExpectedTensor> expected_tensors(const Architecture& architecture,
                                             const formats::ModelConfig& config, Naming naming);

/// The layer and projection that a source's weight name stands for; empty for any other name.
struct ProjectionName {
  std::uint32_t layer;
  formats::Projection projection;
};
std::optional<ProjectionName> find_projection(const Architecture& architecture,
                                              std::string_view source_name, Naming naming);

/// The head size if the rows of `projection` are interleaved in such a source, else 0.
std::uint32_t interleaved_head(const Architecture& architecture, const formats::ModelConfig& config,
                               formats::Projection projection, Naming naming);

}  // namespace crayon::importers
