#include "cli/inspect/verify_bundle.h"

#include <cstdint>

#include "cli/progress.h"

namespace crayon::cli {

void verify_bundle(const formats::Bundle& bundle) {
  Progress progress("verifying " + bundle.path().filename().string(), "B");
  const double bytes = static_cast<double>(bundle.file_size());
  bundle.verify([&](double share) {
    progress.update(static_cast<std::uint64_t>(share * bytes), bundle.file_size());
  });
}

}  // namespace crayon::cli
