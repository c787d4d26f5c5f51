#include "runtime/adapters/adapter_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"

namespace crayon::adapters {
namespace {

/// The largest cosine of x [dim] to the rows of [n][dim].
double nearest(std::span<const float> x, std::span<const float> rows) {
  return std::ranges::max(cosines(x, rows));
}

}  // namespace

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
  centre_ = centre_of(embeddings, dim);
}

Blend ResidentPool::blend(Query& query) const {
  return query_rule(query.embedding(embedding_), prior_, indicators_, tau_);
}

double ResidentPool::closeness(Query& query) const {
  return nearest(query.embedding(embedding_), centre_.empty() ? indicators_ : centre_);
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
  selection.adapters.insert(selection.adapters.end(), fixed.begin(), fixed.end());
  return selection;
}

std::optional<double> AdapterSet::closeness(Query& query) const {
  std::optional<double> best;
  if (pool) {
    best = pool->closeness(query);
  }
  for (const formats::Scope& scope : scopes) {
    best = std::max(best.value_or(-1.0), nearest(query.embedding(scope.embedding), scope.centre));
  }
  return best;
}

std::optional<double> AdapterSet::probe(Query& query) const {
  if (!routing || !routing->probe) {
    return std::nullopt;
  }
  return probe_score(*routing->probe, query.embedding(routing->probe->embedding));
}

double probe_score(const formats::LinearProbe& probe, std::span<const float> x) {
  if (x.size() != probe.weights.size()) {
    throw Error(Code::bad_shape,
                fmt::format("the router's probe has {} weights for an embedding of {}",
                            probe.weights.size(), x.size()),
                "calibrate the adapter again");
  }
  const double sum = std::inner_product(
      x.begin(), x.end(), probe.weights.begin(), static_cast<double>(probe.bias), std::plus<>(),
      [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); });
  return 1 / (1 + std::exp(-sum));
}

}  // namespace crayon::adapters
