#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/importers/architectures.h"
#include "formats/importers/tensor_views.h"
#include "formats/model_source.h"

namespace crayon::importers {

/// A tensor as its file has it: own name, own order of rows.
struct RawTensor {
  std::string name;
  formats::Shape shape;
  ReadRows read_rows;
  /// Throws unless read_rows can read the file's type; empty: it can.
  std::function<void()> check = {};
};

/// Gives a model's tensors their bundle names and row order, and takes fused ones apart. Throws
/// missing_tensor or bad_shape, what a tensor's own check throws, and unsupported for a tensor
/// that the architecture has no use for, unless its name ends with one of `harmless`. `where`
/// names the file.
std::vector<formats::SourceTensor> assemble(std::vector<RawTensor> raw,
                                            const std::vector<ExpectedTensor>& expected,
                                            std::span<const std::string_view> harmless,
                                            std::string_view where);

}  // namespace crayon::importers
