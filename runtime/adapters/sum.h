#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "formats/model_source.h"
#include "runtime/adapters/factor_groups.h"

namespace crayon::adapters {

/// sum_n weight_n * scale_n * B_n A_n as an adapter that can be packed: scale 1, weights and scales
/// inside B. It is as large as its parts together, and made one projection at a time, so that it
/// need not lie in memory beside them.
class Sum {
 public:
  /// The parts' adapters must outlive it. Throws bad_shape when they disagree on the shape of a
  /// projection, and bad_argument for weights that are not finite and adapters with experts.
  Sum(std::span<const Part> parts, std::string name);

  /// Everything of the adapter but its factors.
  const formats::AdapterSource& head() const { return head_; }
  /// Projections that it changes.
  std::size_t size() const { return groups_.size(); }
  /// Makes the factors of the i-th, in the order of layers and projections. The memory of `out` is
  /// used again: new pages cost more than what is written to them.
  void make(std::size_t i, formats::SourceLora& out) const;

 private:
  formats::AdapterSource head_;
  std::vector<FactorGroup> groups_;
};

}  // namespace crayon::adapters
