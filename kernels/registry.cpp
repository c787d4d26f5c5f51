#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "kernels/kernel_set.h"
#include "kernels/paths/paths.h"

namespace crayon::kernels {
namespace {

// Best first: select() takes the first whose features are all there.
constexpr std::array sets = {
#if defined(__x86_64__)
    &avx512vnni_set,
    &avxvnni_set,
    &avx2_set,
#elif defined(__aarch64__)
    &i8mm_set,
    &dotprod_set,
    &neon_set,
#endif
    &scalar_set,
};

bool runs_on(const KernelSet& set, std::uint32_t features) {
  return (set.features & ~features) == 0;
}

/// The bits of `features` as words: "neon, dotprod".
std::string words(std::uint32_t features) {
  std::string text;
  for (const Feature feature : {feature_avx2, feature_avxvnni, feature_avx512vnni, feature_neon,
                                feature_dotprod, feature_i8mm}) {
    if ((features & feature) != 0) {
      text += text.empty() ? "" : ", ";
      text += feature_name(feature);
    }
  }
  return text;
}

std::string hint(std::uint32_t features) {
  std::string names;
  for (const KernelSet* set : sets) {
    if (runs_on(*set, features)) {
      names += names.empty() ? "" : ", ";
      names += set->name;
    }
  }
  return fmt::format("use one that runs here: {}", names);
}

}  // namespace

std::span<const KernelSet* const> all() {
  return sets;
}

bool runs_here(const KernelSet& set) {
  return runs_on(set, cpu_features());
}

const KernelSet& by_name(std::string_view name, std::uint32_t features) {
  for (const KernelSet* set : sets) {
    if (set->name != name) {
      continue;
    }
    if (!runs_on(*set, features)) {
      throw Error(Code::unsupported_kernels,
                  fmt::format("the kernel set {} needs {}, which this CPU lacks", name,
                              words(set->features & ~features)),
                  hint(features));
    }
    return *set;
  }
  throw Error(Code::unsupported_kernels, fmt::format("this build has no kernel set \"{}\"", name),
              hint(features));
}

const KernelSet& by_name(std::string_view name) {
  return by_name(name, cpu_features());
}

const KernelSet& best() {
  for (const KernelSet* set : sets) {
    if (runs_here(*set)) {
      return *set;
    }
  }
  return scalar_set;  // needs no feature: the loop has found it
}

const KernelSet& select() {
  const char* forced = std::getenv("CRAYON_KERNELS");
  if (forced != nullptr && *forced != '\0') {
    try {
      return by_name(forced);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("CRAYON_KERNELS: {}", error.what()),
                  error.hint() + ", or unset CRAYON_KERNELS");
    }
  }
  return best();
}

}  // namespace crayon::kernels
