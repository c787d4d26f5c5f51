#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/kernel_set.h"

namespace crayon::test {

/// The kernel sets that this CPU can run.
inline std::vector<const kernels::KernelSet*> sets_here() {
  std::vector<const kernels::KernelSet*> sets;
  for (const kernels::KernelSet* set : kernels::all()) {
    if (kernels::runs_here(*set)) {
      sets.push_back(set);
    }
  }
  return sets;
}

inline const kernels::KernelSet& scalar() {
  return kernels::by_name("scalar");
}

/// A test that runs once for each of them.
class EverySet : public testing::TestWithParam<const kernels::KernelSet*> {
 protected:
  const kernels::KernelSet& set() const { return *GetParam(); }
};

inline std::string set_name(const testing::TestParamInfo<const kernels::KernelSet*>& info) {
  return std::string(info.param->name);
}

}  // namespace crayon::test

#define CRAYON_FOR_EVERY_SET(suite)                                                 \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(::crayon::test::sets_here()), \
                           ::crayon::test::set_name)
