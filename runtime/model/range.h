#pragma once

#include <algorithm>
#include <cstddef>

namespace crayon::model {

/// From `begin` to before `end`, of a batch's tokens or a matrix's rows.
struct Range {
  std::size_t begin;
  std::size_t end;
  std::size_t size() const { return end - begin; }
  bool empty() const { return begin >= end; }
};

/// What lies in both; empty() when nothing does.
inline Range overlap(Range a, Range b) {
  return {std::max(a.begin, b.begin), std::min(a.end, b.end)};
}

}  // namespace crayon::model
