#pragma once

#include "formats/model_source.h"
#include "runtime/adapters/sum.h"

namespace crayon::test {

/// The adapter that a sum makes piece by piece.
inline formats::AdapterSource whole(const adapters::Sum& sum) {
  formats::AdapterSource adapter = sum.head();
  adapter.factors.resize(sum.size());
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum.make(i, adapter.factors[i]);
  }
  return adapter;
}

}  // namespace crayon::test
