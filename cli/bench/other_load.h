#pragma once

#include <optional>

#include "base/machine.h"

namespace crayon::cli {

/// What the other programs of the machine use while it lives.
class OtherLoad {
 public:
  OtherLoad();
  /// Share of all processors' time since then.
  std::optional<double> share() const;

 private:
  std::optional<CpuTicks> ticks_;
  double own_;  // seconds
};

}  // namespace crayon::cli
