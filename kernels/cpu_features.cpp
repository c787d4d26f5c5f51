#include "kernels/kernel_set.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace crayon::kernels {
namespace {

std::uint32_t detect() {
  std::uint32_t features = 0;
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool has_leaf = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0;
  const bool f16c_and_fma = has_leaf && (ecx & bit_F16C) != 0 && (ecx & bit_FMA) != 0;
  // The builtin asks the operating system too, whether it saves the wide registers.
  if (f16c_and_fma && __builtin_cpu_supports("avx2")) {
    features |= feature_avx2;
    constexpr unsigned bit_avx_vnni = 1u << 4;  // of leaf 7.1, eax
    if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & bit_avx_vnni) != 0) {
      features |= feature_avxvnni;
    }
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni")) {
      features |= feature_avx512vnni;
    }
  }
#elif defined(__aarch64__)
  const unsigned long capabilities = getauxval(AT_HWCAP);
  if ((capabilities & HWCAP_ASIMD) != 0) {
    features |= feature_neon;
  }
  if ((capabilities & HWCAP_ASIMDDP) != 0) {
    features |= feature_dotprod;
  }
  if ((getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0) {
    features |= feature_i8mm;
  }
#endif
  return features;
}

}  // namespace

std::uint32_t cpu_features() {
  static const std::uint32_t features = detect();
  return features;
}

std::string_view feature_name(Feature feature) {
  switch (feature) {
    case feature_avx2:
      return "avx2";
    case feature_neon:
      return "neon";
    case feature_dotprod:
      return "dotprod";
    case feature_i8mm:
      return "i8mm";
    case feature_avxvnni:
      return "avxvnni";
    case feature_avx512vnni:
      return "avx512vnni";
  }
  return "unknown";
}

}  // namespace crayon::kernels
