#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/importers/architectures.h"
#include "formats/model_source.h"

namespace crayon::test {

/// A tensor as a source's file has it.
struct StoredTensor {
  std::string name;
  std::vector<std::uint64_t> sizes;  ///< slowest first; one for a vector
  std::vector<float> values;
};

/// What an importer of this naming would make `model` of: rows interleaved, weights fused and
/// transposed, norms less 1.
std::vector<StoredTensor> stored_tensors(const formats::ModelSource& model,
                                         importers::Naming naming);

/// All rows of a tensor.
std::vector<float> all_rows(const formats::SourceTensor& tensor);

}  // namespace crayon::test
