#include "formats/bundle_decode_parts.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {
namespace {

RoutingSignal decode(const fbs::RoutingSignal& signal) {
  return {.name = to_string(signal.name(), max_signal_name_size, "name"),
          .threshold = signal.threshold(),
          .auroc = signal.auroc(),
          .decides = signal.decides()};
}

std::optional<LinearProbe> decode_probe(const fbs::Routing& routing) {
  const std::string name = to_string(routing.probe_embedding(), max_name_size, "probe_embedding");
  size_of(routing.probe_weights(), max_embedding_size, "probe_weights");
  if (name.empty()) {
    if (routing.probe_weights() != nullptr) {
      fail(Code::corrupt, "probe_embedding", "it is missing");
    }
    return std::nullopt;
  }
  return LinearProbe{.embedding = parse_embedding(name),
                     .weights = to_vector(routing.probe_weights()),
                     .bias = routing.probe_bias()};
}

}  // namespace

Routing decode_routing(const fbs::Routing& routing) {
  Routing result;
  result.share = routing.share();
  result.examples = routing.examples();
  const std::uint32_t count = size_of(routing.signals(), max_routing_signals, "signals");
  for (std::uint32_t i = 0; i < count; ++i) {
    in_entry("signals", i, [&] { result.signals.push_back(decode(*routing.signals()->Get(i))); });
  }
  result.probe = decode_probe(routing);
  return result;
}

}  // namespace crayon::formats
