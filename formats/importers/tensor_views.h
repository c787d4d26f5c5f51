#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "formats/tensor.h"

namespace crayon::importers {

/// Rows [begin, begin + count) of a tensor into out [count][cols].
using ReadRows =
    std::function<void(std::uint64_t begin, std::uint64_t count, std::span<float> out)>;

// A tensor as another one has it. Each keeps the tensor that it reads from.

/// The rows from `first` on.
ReadRows rows_from(ReadRows whole, std::uint64_t first);

/// Rows for interleaved RoPE pairs, in heads of `head` rows, put into the half-split order.
ReadRows half_split_rows(ReadRows interleaved, std::uint32_t head, std::uint64_t cols);

/// `rows` columns, from `first` on, of a matrix `stored` [inputs][outputs]: [rows][inputs]. Holds
/// them in memory from the first read to the one of the last row.
ReadRows transposed_rows(ReadRows stored, formats::Shape shape, std::uint64_t first,
                         std::uint64_t rows);

/// `count` numbers, from `first` on, of a vector of `total`. `head`, unless 0: as above.
ReadRows part_of_vector(ReadRows vector, std::uint64_t total, std::uint64_t first,
                        std::uint64_t count, std::uint32_t head);

/// Every number and 1.
ReadRows plus_one(ReadRows tensor);

}  // namespace crayon::importers
