#include "runtime/adapters/rules/arrow.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/adapters/rules/product_svd.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::SourceLora;

/// Where an expert's factors lie in those of the whole.
struct Place {
  std::size_t expert;
  std::size_t begin;  // along the rank
  std::size_t rank;   // of the whole
};

/// Puts an expert's factors of one projection, and their direction, into those of the whole.
void insert(SourceLora& whole, const SourceLora& factor, float scale, const Place& place) {
  const std::size_t inputs = whole.a.size() / place.rank;
  const std::size_t outputs = whole.b.size() / place.rank;
  std::ranges::copy(factor.a, whole.a.begin() + static_cast<std::ptrdiff_t>(place.begin * inputs));
  for (std::size_t r = 0; r < outputs; ++r) {
    for (std::size_t j = 0; j < factor.rank; ++j) {
      whole.b[r * place.rank + place.begin + j] = scale * factor.b[r * factor.rank + j];
    }
  }
  const ProductSvd svd = product_svd(factor, 1);
  if (svd.s(0) > 0) {
    for (std::size_t c = 0; c < inputs; ++c) {
      whole.directions[place.expert * inputs + c] =
          static_cast<float>(svd.v(static_cast<Eigen::Index>(c), 0));
    }
  }
}

/// Zeros for a projection that `factor` is of one expert of.
SourceLora empty_whole(const SourceLora& factor, std::uint32_t rank, std::size_t experts) {
  const std::size_t inputs = factor.a.size() / factor.rank;
  const std::size_t outputs = factor.b.size() / factor.rank;
  return {factor.layer,
          factor.projection,
          rank,
          std::vector<float>(rank * inputs),
          std::vector<float>(outputs * rank),
          std::vector<float>(experts * inputs)};
}

}  // namespace

AdapterSource arrow(std::span<const AdapterSource> pool, const ArrowOptions& options,
                    std::string name) {
  if (pool.empty()) {
    throw Error(Code::bad_argument, "there are no adapters to choose from", "name a pool");
  }
  AdapterSource result;
  result.name = std::move(name);
  formats::ExpertsInfo& experts = result.experts.emplace();
  experts.top_k = std::min(options.top_k, static_cast<std::uint32_t>(pool.size()));
  experts.temperature = options.temperature;
  for (const AdapterSource& adapter : pool) {
    experts.ranks.push_back(adapter.rank);
    result.provenance.source += (result.provenance.source.empty() ? "" : " | ") + adapter.name;
  }
  result.rank = std::accumulate(experts.ranks.begin(), experts.ranks.end(), 0u);

  std::map<std::pair<std::uint32_t, formats::Projection>, SourceLora> wholes;
  Place place{0, 0, result.rank};
  for (const AdapterSource& adapter : pool) {
    for (const SourceLora& factor : adapter.factors) {
      const auto [whole, is_new] = wholes.try_emplace({factor.layer, factor.projection});
      if (is_new) {
        whole->second = empty_whole(factor, result.rank, pool.size());
      }
      insert(whole->second, factor, adapter.scale, place);
    }
    ++place.expert;
    place.begin += adapter.rank;
  }
  for (auto& [projection, whole] : wholes) {
    result.factors.push_back(std::move(whole));
  }
  return result;
}

}  // namespace crayon::adapters
