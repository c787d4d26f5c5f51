#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/kernel_set.h"

#ifdef CRAYON_AVXVNNI_TWIN
namespace crayon::kernels {
/// The path avxvnni with the same instruction as AVX-512 encodes it: its code, on CPUs that do not
/// have AVX-VNNI.
extern const KernelSet avxvnni_twin;
}  // namespace crayon::kernels
#endif

namespace crayon::test {

/// The kernel sets that this CPU can run.
inline std::vector<const kernels::KernelSet*> sets_here() {
  std::vector<const kernels::KernelSet*> sets;
  for (const kernels::KernelSet* set : kernels::all()) {
    if (kernels::runs_here(*set)) {
      sets.push_back(set);
    }
  }
#ifdef CRAYON_AVXVNNI_TWIN
  const std::uint32_t features = kernels::cpu_features();
  if ((features & kernels::feature_avx512vnni) != 0 && (features & kernels::feature_avxvnni) == 0) {
    sets.push_back(&kernels::avxvnni_twin);
  }
#endif
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
