#include "runtime/adapters/adapter_set.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace crayon::adapters {

ResidentPool::ResidentPool(const Pool& pool, const formats::Bundle& base, float scale)
    : indicators_(pool.indicators), embedding_(pool.embedding), tau_(pool.tau), scale_(scale) {
  for (const formats::AdapterSource& adapter : pool.adapters) {
    const Part part{&adapter, 1.0f};
    names_.push_back(adapter.name);
    adapters_.push_back(combine({&part, 1}, base));
  }
}

void ResidentPool::set_prior(std::span<const float> embeddings, float lambda) {
  const std::size_t dim = indicators_.size() / adapters_.size();
  prior_ = {crayon_rule(embeddings, indicators_, dim, tau_).scores, lambda};
}

Blend ResidentPool::blend(Query& query) const {
  return query_rule(query.embedding(embedding_), prior_, indicators_, tau_);
}

std::vector<model::WeightedAdapter> ResidentPool::weighted(std::span<const float> weights) const {
  std::vector<model::WeightedAdapter> result;
  for (std::size_t n = 0; n < adapters_.size(); ++n) {
    result.push_back({adapters_[n], scale_ * weights[n]});
  }
  return result;
}

Selection AdapterSet::select(Query& query) const {
  Selection selection;
  if (pool) {
    selection.blend = pool->blend(query);
    selection.adapters = pool->weighted(selection.blend.weights);
  }
  if (fixed) {
    selection.adapters.push_back({fixed, 1.0f});
  }
  return selection;
}

std::optional<double> AdapterSet::closeness(Query& query) const {
  std::optional<double> best;
  for (const formats::Scope& scope : scopes) {
    // Both are of length 1, but for rounding.
    const std::span<const float> x = query.embedding(scope.embedding);
    const double cosine = std::inner_product(
        x.begin(), x.end(), scope.centre.begin(), 0.0, std::plus<>(),
        [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); });
    best = std::max(best.value_or(-1.0), std::clamp(cosine, -1.0, 1.0));
  }
  return best;
}

}  // namespace crayon::adapters
