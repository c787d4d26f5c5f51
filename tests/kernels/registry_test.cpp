#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "kernels/kernel_set.h"
#include "tests/support/support.h"

namespace crayon::kernels {
namespace {

/// Sets CRAYON_KERNELS, and puts back what was there.
class ForcedKernels {
 public:
  explicit ForcedKernels(const char* name) {
    if (const char* old = std::getenv("CRAYON_KERNELS")) {
      old_ = old;
    }
    if (name == nullptr) {
      unsetenv("CRAYON_KERNELS");
    } else {
      setenv("CRAYON_KERNELS", name, 1);
    }
  }
  ~ForcedKernels() { setenv("CRAYON_KERNELS", old_.c_str(), 1); }
  ForcedKernels(const ForcedKernels&) = delete;
  ForcedKernels& operator=(const ForcedKernels&) = delete;

 private:
  std::string old_;
};

TEST(Registry, EndsWithScalarWhichRunsEverywhere) {
  ASSERT_FALSE(all().empty());
  EXPECT_EQ(all().back()->name, "scalar");
  EXPECT_EQ(all().back()->features, 0u);
  EXPECT_TRUE(runs_here(*all().back()));
}

TEST(Registry, NamesDiffer) {
  std::set<std::string_view> names;
  for (const KernelSet* set : all()) {
    EXPECT_TRUE(names.insert(set->name).second) << set->name;
  }
}

TEST(Registry, LayoutsOfOneIdAreOneLayout) {
  for (const KernelSet* a : all()) {
    const LayoutI8& i8 = a->layout.i8;
    const LayoutI4& i4 = a->layout.i4;
    EXPECT_EQ(i8.input_multiple % i8.inputs_per_group, 0u) << a->name;
    EXPECT_EQ(group_inputs % i8.input_multiple, 0u) << a->name;
    for (const KernelSet* b : all()) {
      const LayoutI8& other = b->layout.i8;
      EXPECT_EQ(i8.id == other.id, i8.rows_per_block == other.rows_per_block &&
                                       i8.inputs_per_group == other.inputs_per_group &&
                                       i8.input_multiple == other.input_multiple &&
                                       i8.flip == other.flip);
      EXPECT_EQ(i4.id == b->layout.i4.id, i4.rows_per_block == b->layout.i4.rows_per_block &&
                                              i4.inputs_per_group == b->layout.i4.inputs_per_group);
      EXPECT_NE(i8.id, b->layout.i4.id);
    }
  }
}

TEST(Registry, FindsEachSetThatRunsHere) {
  for (const KernelSet* set : all()) {
    if (runs_here(*set)) {
      EXPECT_EQ(&by_name(set->name), set);
    }
  }
}

TEST(Registry, UnknownNameListsWhatRunsHere) {
  try {
    by_name("quantum");
    FAIL() << "no Error was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unsupported_kernels);
    EXPECT_STREQ(error.what(), "this build has no kernel set \"quantum\"");
    EXPECT_NE(error.hint().find("scalar"), std::string::npos);
  }
}

TEST(Registry, SetBeyondTheCpuNamesWhatIsMissing) {
  for (const KernelSet* set : all()) {
    if (set->features == 0) {
      continue;
    }
    try {
      by_name(set->name, 0);
      FAIL() << set->name << " was given to a CPU without features";
    } catch (const Error& error) {
      const std::string sentence = error.what();
      EXPECT_EQ(error.code(), Code::unsupported_kernels);
      EXPECT_NE(sentence.find(std::string(set->name) + " needs"), std::string::npos) << sentence;
      EXPECT_EQ(error.hint(), "use one that runs here: scalar");
    }
    EXPECT_EQ(&by_name(set->name, set->features), set);
  }
}

#ifdef __aarch64__
TEST(Registry, DotprodOnArmv80SaysSo) {
  std::string sentence;
  EXPECT_EQ(test::code_of([] { by_name("dotprod", feature_neon); }, &sentence),
            Code::unsupported_kernels);
  EXPECT_EQ(sentence, "the kernel set dotprod needs dotprod, which this CPU lacks");
}
#endif

TEST(Registry, SelectTakesTheFirstThatRuns) {
  const ForcedKernels unset(nullptr);
  const KernelSet& best = select();
  for (const KernelSet* set : all()) {
    if (runs_here(*set)) {
      EXPECT_EQ(&best, set);
      break;
    }
  }
}

TEST(Registry, SelectObeysTheEnvironment) {
  for (const KernelSet* set : all()) {
    const ForcedKernels forced(set->name.data());
    if (runs_here(*set)) {
      EXPECT_EQ(&select(), set);
    } else {
      EXPECT_EQ(test::code_of([] { select(); }), Code::unsupported_kernels);
    }
  }
  const ForcedKernels empty("");
  EXPECT_TRUE(runs_here(select()));
}

TEST(Registry, SelectSaysThatTheNameCameFromTheEnvironment) {
  const ForcedKernels forced("quantum");
  std::string sentence;
  EXPECT_EQ(test::code_of([] { select(); }, &sentence), Code::unsupported_kernels);
  EXPECT_EQ(sentence, "CRAYON_KERNELS: this build has no kernel set \"quantum\"");
}

TEST(Registry, FeaturesHaveNames) {
  EXPECT_EQ(feature_name(feature_avx2), "avx2");
  EXPECT_EQ(feature_name(feature_neon), "neon");
  EXPECT_EQ(feature_name(feature_dotprod), "dotprod");
  EXPECT_EQ(feature_name(feature_i8mm), "i8mm");
  EXPECT_EQ(feature_name(feature_avxvnni), "avxvnni");
  EXPECT_EQ(feature_name(feature_avx512vnni), "avx512vnni");
}

}  // namespace
}  // namespace crayon::kernels
