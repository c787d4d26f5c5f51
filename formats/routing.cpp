#include "formats/routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "formats/bundle_layout.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

bool is_share(float value) {
  return value >= 0.0f && value <= 1.0f;  // and so no NaN
}

void check_name(const std::string& name) {
  if (name.size() > max_signal_name_size) {
    fail(Code::over_limit, "name",
         fmt::format("{} bytes are more than {}", name.size(), max_signal_name_size));
  }
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || !std::ranges::all_of(name, fits)) {
    fail(Code::corrupt, "name", "it is not of lower-case letters, digits and underscores");
  }
}

void check_signal(const RoutingSignal& signal) {
  check_name(signal.name);
  if (!std::isfinite(signal.threshold)) {
    fail(Code::corrupt, "threshold", "not a finite number");
  }
  if (!is_share(signal.auroc)) {
    fail(Code::corrupt, "auroc", fmt::format("{} is not in 0..1", signal.auroc));
  }
}

void check_probe(const LinearProbe& probe) {
  const std::size_t size = probe.weights.size();
  if (size == 0 || size > max_embedding_size) {
    fail(size == 0 ? Code::corrupt : Code::over_limit, "probe_weights",
         fmt::format("{} is not in 1..{}", size, max_embedding_size));
  }
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::ranges::all_of(probe.weights, finite) || !finite(probe.bias)) {
    fail(Code::corrupt, "probe_weights", "not a finite number");
  }
}

}  // namespace

void check(const Routing& routing) {
  if (!is_share(routing.share)) {
    fail(Code::corrupt, "share", fmt::format("{} is not in 0..1", routing.share));
  }
  if (routing.signals.size() > max_routing_signals) {
    fail(Code::over_limit, "signals",
         fmt::format("{} are more than {}", routing.signals.size(), max_routing_signals));
  }
  for (std::size_t i = 0; i < routing.signals.size(); ++i) {
    const RoutingSignal& signal = routing.signals[i];
    in_entry("signals", i, [&] {
      check_signal(signal);
      if (std::ranges::count(routing.signals, signal.name, &RoutingSignal::name) != 1) {
        fail(Code::corrupt, "name", fmt::format("there are two {}", signal.name));
      }
    });
  }
  if (std::ranges::none_of(routing.signals, &RoutingSignal::decides)) {
    fail(Code::corrupt, "signals", "none of them decides");
  }
  if (routing.probe) {
    check_probe(*routing.probe);
  }
}

}  // namespace crayon::formats
