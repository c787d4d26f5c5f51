#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/embedding.h"

namespace crayon::formats {

inline constexpr std::size_t max_routing_signals = 16;
inline constexpr std::size_t max_signal_name_size = 64;

/// Something that a router can go by, as runtime/hybrid/signal.h knows it by its name.
struct RoutingSignal {
  std::string name;      ///< lower-case letters, digits and underscores
  double threshold = 0;  ///< a score below it: ask the larger model
  float auroc = 0;       ///< of the score for "the local answer is right"; 0: not known
  bool decides = false;  ///< false: known, and not gone by
  bool operator==(const RoutingSignal&) const = default;
};

/// sigmoid(weights . x + bias) is the chance that the local answer to a question of embedding x is
/// right.
struct LinearProbe {
  Embedding embedding;
  std::vector<float> weights;  ///< [dim of the embedding]
  float bias = 0;
  bool operator==(const LinearProbe&) const = default;
};

/// When the questions of an adapter's or a pool's user go to a larger model.
struct Routing {
  float share = 0;             ///< of the questions, 0 to 1, that is expected to go there
  std::uint32_t examples = 0;  ///< that this was found out from
  std::vector<RoutingSignal> signals;
  std::optional<LinearProbe> probe;
  bool operator==(const Routing&) const = default;
};

/// Throws corrupt or over_limit, naming the field, unless there is a signal that decides, names are
/// names and unique, and all numbers are finite and in their ranges.
void check(const Routing& routing);

}  // namespace crayon::formats
