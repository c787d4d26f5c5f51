#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/model_config.h"
#include "formats/tensor.h"

namespace crayon::importers {

class GgufKeys;
class JsonObject;

/// The conventions for names and row order that a source follows.
enum class Naming : std::uint8_t { gguf, huggingface };

/// One weight under its three names. "N" stands for the layer. A bias has the name of its weight
/// with ".bias" for ".weight", in the bundle with "_bias" behind it, and no rule of its own.
/// Where several rules have one source name, the source keeps these weights in one tensor, one
/// below the other in the order of the rules, and so their biases.
struct TensorRule {
  std::string_view bundle;
  std::string_view gguf;
  std::string_view huggingface;
  // How Hugging Face folders store it; GGUF converters undo both.
  bool transposed = false;  ///< [inputs][outputs]
  bool plus_one = false;    ///< a norm's weights less 1
};

/// A size in config.json.
struct SizeRule {
  std::uint32_t formats::ModelConfig::*field;
  const char* name;
  std::uint32_t otherwise = 0;  ///< when it is absent; 0: it must be there
  std::uint32_t otherwise_dim =
      0;  ///< when it is absent: so many times dim, which stands before it
};

/// An architecture as data and, for what its configuration says beyond sizes, one function for
/// each source. Rows are in formats/importers/families/.
struct Architecture {
  std::string_view name;         ///< ModelConfig::architecture, GGUF's general.architecture
  std::string_view huggingface;  ///< the class in config.json's "architectures"
  std::span<const TensorRule> tensors;
  std::span<const SizeRule> sizes;
  /// Reads what differs from Llama; sizes are there and have been checked. Null: no GGUF file has
  /// this architecture.
  void (*read_gguf)(GgufKeys& keys, formats::ModelConfig& config) = nullptr;
  /// Reads all but sizes, which are there and have been checked.
  void (*read_huggingface)(const JsonObject& json, formats::ModelConfig& config) = nullptr;
  /// GGUF converters store the rows of q and k for interleaved RoPE pairs.
  bool gguf_interleaves_rope = false;
  /// Some folders leave out this start of every name but the head's.
  std::string_view huggingface_prefix = {};
  /// Ends of the names of tensors that hold no weights.
  std::span<const std::string_view> huggingface_leftovers = {};
};

/// The architecture that a source names. Throws architecture, listing the known ones. `where`
/// names the file.
const Architecture& find_architecture(std::string_view name, Naming naming, std::string_view where);

/// The architecture of an imported model. Throws architecture when `config` names none.
const Architecture& architecture_of(const formats::ModelConfig& config);

/// A tensor that a model must have, and where a source keeps it.
struct ExpectedTensor {
  std::string bundle;
  std::string source;
  formats::Shape shape;         ///< in the bundle
  formats::Shape source_shape;  ///< of the whole source tensor
  /// Where its rows, or the numbers of a vector, begin among those of the source tensor; in one
  /// that is transposed, its columns.
  std::uint64_t first_row = 0;
  bool vector = false;
  /// Not 0: the source's rows are for interleaved RoPE pairs in heads of this many rows.
  std::uint32_t interleaved_head = 0;
  bool transposed = false;
  bool plus_one = false;
};

/// All tensors of a model, in the order of the bundle. `config` has been checked.
std::vector<ExpectedTensor> expected_tensors(const Architecture& architecture,
                                             const formats::ModelConfig& config, Naming naming);

/// A projection, and where a source's weight of that name has its outputs: [first_row,
/// first_row + rows) of them. A fused weight has several: the rows of a LoRA's B belong to them
/// in the same way, and its A to them all, also where the weight itself is stored transposed.
struct ProjectionPart {
  std::uint32_t layer;
  formats::Projection projection;
  std::uint64_t first_row;
  std::uint64_t rows;
  bool operator==(const ProjectionPart&) const = default;
};

/// The projections that a source's weight name stands for, which together are all its rows, in
/// their order; empty for any other name, or a layer that the model lacks.
std::vector<ProjectionPart> find_projections(const Architecture& architecture,
                                             const formats::ModelConfig& config,
                                             std::string_view source_name, Naming naming);

/// The source's name of a projection's bias in a layer.
std::string bias_name(const Architecture& architecture, formats::Projection projection,
                      std::uint32_t layer, Naming naming);

/// The head size if the rows of `projection` are interleaved in such a source, else 0.
std::uint32_t interleaved_head(const Architecture& architecture, const formats::ModelConfig& config,
                               formats::Projection projection, Naming naming);

}  // namespace crayon::importers
