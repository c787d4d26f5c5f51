#include "runtime/model/linear/map_group.h"

namespace crayon::model {
namespace {

MapGroup group_of(formats::Projection which) {
  using formats::Projection;
  switch (which) {
    case Projection::q:
    case Projection::k:
    case Projection::v:
      return MapGroup::qkv;
    case Projection::o:
      return MapGroup::o;
    case Projection::gate:
    case Projection::up:
      return MapGroup::gate_up;
    case Projection::down:
      return MapGroup::down;
  }
  return MapGroup::qkv;
}

}  // namespace

std::vector<formats::Projection> projections(MapGroup group, const formats::ModelConfig& config) {
  std::vector<formats::Projection> result;
  for (const formats::Projection which : formats::all_projections) {
    if (group_of(which) == group && config.has(which)) {
      result.push_back(which);
    }
  }
  return result;
}

}  // namespace crayon::model
