#include "train/scales/places.h"

namespace crayon::train {

const char* name_of(Place place) {
  static constexpr std::array names = {"qkv", "o", "gate_up", "down"};
  return names[static_cast<std::size_t>(place)];
}

Place place_of(Projection which) {
  switch (which) {
    case Projection::q:
    case Projection::k:
    case Projection::v:
      return Place::qkv;
    case Projection::o:
      return Place::o;
    case Projection::gate:
    case Projection::up:
      return Place::gate_up;
    case Projection::down:
      return Place::down;
  }
  return Place::qkv;
}

std::vector<Place> places_of(const Config& config) {
  std::vector<Place> places = {Place::qkv, Place::o, Place::gate_up};
  if (config.gated()) {
    places.push_back(Place::down);
  }
  return places;
}

std::int64_t channels(const Config& config, Place place) {
  switch (place) {
    case Place::qkv:
    case Place::gate_up:
      return config.dim;
    case Place::o:
      return config.kv_dim();
    case Place::down:
      return config.hidden;
  }
  return 0;
}

}  // namespace crayon::train
