#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/importers/architectures.h"
#include "formats/model_source.h"

namespace crayon::importers {

using ReadRows =
    std::function<void(std::uint64_t begin, std::uint64_t count, std::span<float> out)>;

/// A tensor as its file has it: own name, own order of rows.
struct RawTensor {
  std::string name;
  formats::Shape shape;
  ReadRows read_rows;
};

/// Gives a model's tensors their bundle names and row order. Throws missing_tensor or bad_shape,
/// and unsupported for a tensor that the architecture has no use for, unless its name ends with
/// one of `harmless`. `where` names the file.
std::vector<formats::SourceTensor> assemble(std::vector<RawTensor> raw,
                                            const std::vector<ExpectedTensor>& expected,
                                            std::span<const std::string_view> harmless,
                                            std::string_view where);

/// Reads rows that lie in interleaved RoPE order (row 2i+j of a head) in half-split order (row
/// j*half+i), a row at a time. `rows` is a multiple of `head`, which is even.
ReadRows half_split_rows(ReadRows interleaved, std::uint32_t head, std::uint64_t cols);

}  // namespace crayon::importers
