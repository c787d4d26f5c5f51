#include "formats/projection.h"

namespace crayon::formats {

const char* projection_name(Projection projection) {
  switch (projection) {
    case Projection::q:
      return "q";
    case Projection::k:
      return "k";
    case Projection::v:
      return "v";
    case Projection::o:
      return "o";
    case Projection::gate:
      return "gate";
    case Projection::up:
      return "up";
    case Projection::down:
      return "down";
  }
  return "unknown";
}

std::optional<Projection> projection_from_name(std::string_view name) {
  for (const Projection which : all_projections) {
    if (name == projection_name(which)) {
      return which;
    }
  }
  return std::nullopt;
}

}  // namespace crayon::formats
