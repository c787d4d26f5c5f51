#include "runtime/adapters/sum.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace crayon::adapters {
namespace {

/// Throws unless all terms have the shape of the first.
void check_shapes(const FactorGroup& group) {
  const formats::SourceLora& first = *group.terms.front().factor;
  for (const Term& term : group.terms) {
    const formats::SourceLora& factor = *term.factor;
    if (factor.rank == 0 || factor.a.size() % factor.rank != 0 ||
        factor.a.size() * first.rank != first.a.size() * factor.rank ||
        factor.b.size() * first.rank != first.b.size() * factor.rank) {
      throw Error(Code::bad_shape,
                  fmt::format("adapters disagree on the shape of {}",
                              formats::projection(group.layer, group.projection)),
                  "blend adapters of the same base");
    }
  }
}

}  // namespace

Sum::Sum(std::span<const Part> parts, std::string name) : groups_(group_factors(parts)) {
  head_.name = std::move(name);
  for (const Part& part : parts) {
    if (part.adapter->experts) {
      throw Error(Code::bad_argument,
                  fmt::format("adapter {} has experts, which cannot be one part of a blend",
                              part.adapter->name),
                  "blend adapters without experts");
    }
    head_.provenance.source += (head_.provenance.source.empty() ? "" : " + ") +
                               fmt::format("{} * {}", part.weight, part.adapter->name);
  }
  for (const FactorGroup& group : groups_) {
    check_shapes(group);
    head_.rank = std::max(head_.rank, group.rank());
  }
}

void Sum::make(std::size_t i, formats::SourceLora& out) const {
  const FactorGroup& group = groups_[i];
  out.layer = group.layer;
  out.projection = group.projection;
  out.rank = group.rank();
  group.stack_a(out.a);
  group.stack_b(out.b, true);
}

}  // namespace crayon::adapters
