#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/thread_pool.h"
#include "formats/model_source.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/sum.h"

namespace crayon::adapters {

/// An adapter that stands for another one, and how far off it is: the Frobenius norm of the
/// difference of all products, over that of the exact ones. 0 when both are 0.
struct Approximation {
  formats::AdapterSource adapter;
  double error = 0;
};

/// The adapter nearest to a sum whose factors have at most `rank`: of every product, the largest
/// singular values are kept (Eckart, Young 1936). Factors that fit already stay as they are.
/// Projections are shared out over `threads`. Throws bad_argument for rank 0.
Approximation recompress(const Sum& sum, std::uint32_t rank, ThreadPool& threads);

/// (sum w B)(sum w A) in the place of sum w B A, as some published blends do it: cheap, of the
/// parts' own rank, and wrong, as it adds the products of one adapter's B with another's A. For
/// comparison only. Throws bad_argument when the parts do not change the same projections with
/// factors of the same ranks.
Approximation merge_factors(std::span<const Part> parts, std::string name);

}  // namespace crayon::adapters
