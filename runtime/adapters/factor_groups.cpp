#include "runtime/adapters/factor_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"

namespace crayon::adapters {
namespace {

float scale_of(const Part& part) {
  const float scale = part.weight * part.adapter->scale;
  if (!std::isfinite(scale)) {
    throw Error(Code::bad_argument,
                fmt::format("adapter {} has weight {} and scale {}", part.adapter->name,
                            part.weight, part.adapter->scale),
                "use finite weights");
  }
  return scale;
}

}  // namespace

std::uint32_t FactorGroup::rank() const {
  std::uint32_t sum = 0;
  for (const Term& term : terms) {
    sum += term.factor->rank;
  }
  return sum;
}

void FactorGroup::stack_a(std::vector<float>& a) const {
  a.clear();
  std::size_t size = 0;
  for (const Term& term : terms) {
    size += term.factor->a.size();
  }
  a.reserve(size);
  for (const Term& term : terms) {
    a.insert(a.end(), term.factor->a.begin(), term.factor->a.end());
  }
}

void FactorGroup::stack_b(std::vector<float>& b, bool scaled) const {
  const formats::SourceLora& first = *terms.front().factor;
  const std::size_t outputs = first.rank == 0 ? 0 : first.b.size() / first.rank;
  b.resize(outputs * rank());
  float* to = b.data();
  for (std::size_t row = 0; row < outputs; ++row) {
    for (const Term& term : terms) {
      const std::size_t part_rank = term.factor->rank;
      const float scale = scaled ? term.scale : 1.0f;
      const float* const from = term.factor->b.data() + row * part_rank;
      to = std::transform(from, from + part_rank, to,
                          [scale](float value) { return scale * value; });
    }
  }
}

std::vector<FactorGroup> group_factors(std::span<const Part> parts) {
  std::map<std::pair<std::uint32_t, formats::Projection>, std::vector<Term>> sorted;
  for (const Part& part : parts) {
    const float scale = scale_of(part);
    if (scale == 0.0f) {
      continue;
    }
    const auto* const experts = part.adapter->experts ? &*part.adapter->experts : nullptr;
    for (const formats::SourceLora& factor : part.adapter->factors) {
      sorted[{factor.layer, factor.projection}].push_back({&factor, scale, experts});
    }
  }
  std::vector<FactorGroup> groups;
  for (auto& [place, terms] : sorted) {
    groups.push_back({place.first, place.second, std::move(terms)});
  }
  return groups;
}

}  // namespace crayon::adapters
