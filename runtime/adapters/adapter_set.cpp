#include "runtime/adapters/adapter_set.h"

namespace crayon::adapters {

ResidentPool::ResidentPool(const Pool& pool, const formats::Bundle& base, float scale)
    : indicators_(pool.indicators), tau_(pool.tau), scale_(scale) {
  for (const formats::AdapterSource& adapter : pool.adapters) {
    const Part part{&adapter, 1.0f};
    names_.push_back(adapter.name);
    adapters_.push_back(combine({&part, 1}, base));
  }
}

void ResidentPool::set_prior(std::span<const float> embeddings, float lambda) {
  const std::size_t query_dim = indicators_.size() / adapters_.size();
  prior_ = {crayon_rule(embeddings, indicators_, query_dim, tau_).scores, lambda};
}

Blend ResidentPool::blend(std::span<const float> query) const {
  return query_rule(query, prior_, indicators_, tau_);
}

std::vector<model::WeightedAdapter> ResidentPool::weighted(std::span<const float> weights) const {
  std::vector<model::WeightedAdapter> result;
  for (std::size_t n = 0; n < adapters_.size(); ++n) {
    result.push_back({adapters_[n], scale_ * weights[n]});
  }
  return result;
}

Selection AdapterSet::select(const model::Model& model, std::span<const model::Token> query) const {
  Selection selection;
  if (pool) {
    selection.blend = pool->blend(model.query_embedding(query));
    selection.adapters = pool->weighted(selection.blend.weights);
  }
  if (fixed) {
    selection.adapters.push_back({fixed, 1.0f});
  }
  return selection;
}

}  // namespace crayon::adapters
