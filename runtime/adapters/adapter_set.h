#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/query.h"
#include "runtime/model/adapter.h"
#include "runtime/model/model.h"

namespace crayon::adapters {

/// A pool that stays in memory, ready to run. A query's blend is one weight an adapter: no factor
/// is read or copied for it.
class ResidentPool {
 public:
  /// `scale` is multiplied with every weight. Throws what combine() does.
  ResidentPool(const Pool& pool, const formats::Bundle& base, float scale = 1.0f);

  /// What the user's examples say beforehand, by embeddings [examples][dim] of the pool's kind;
  /// lambda as in Prior. Throws malformed for embeddings without a mean direction.
  void set_prior(std::span<const float> embeddings, float lambda);

  const std::vector<std::string>& names() const { return names_; }
  formats::Embedding embedding() const { return embedding_; }
  Blend blend(Query& query) const;
  /// How much a query is like what the blends are for: cosine of its embedding to the examples'
  /// mean; without examples, to the nearest indicator.
  double closeness(Query& query) const;
  /// The adapters with these weights, [adapters], as a session takes them.
  std::vector<model::WeightedAdapter> weighted(std::span<const float> weights) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<const model::Adapter>> adapters_;
  std::vector<float> indicators_;  // [adapters][dim]
  formats::Embedding embedding_;
  float tau_;
  float scale_;
  Prior prior_;
  std::vector<float> centre_;  // [dim] of the examples; empty without any
};

/// What a session is given for one query.
struct Selection {
  std::vector<model::WeightedAdapter> adapters;  ///< for Session::attach()
  Blend blend;                                   ///< of the pool; empty without one
};

/// What runs beside a model: a sum of adapters that stays as it is, and a pool whose weights each
/// query sets; either may be missing. Const functions may be called from several threads.
struct AdapterSet {
  std::vector<model::WeightedAdapter> fixed;  ///< their sum
  std::optional<ResidentPool> pool;
  std::vector<formats::Scope> scopes;  ///< what `fixed` was blended for, as far as it is known
  /// Of the adapter or pool that runs here alone; absent: it was not calibrated.
  std::optional<formats::Routing> routing;

  Selection select(Query& query) const;
  /// How much a query is like what the adapters are for: the largest cosine of its embedding to
  /// the scopes and to what the pool is for. Nothing when neither is known.
  std::optional<double> closeness(Query& query) const;
  /// The chance, 0 to 1, that the local answer will be right, as the routing data's probe sees it.
  /// Nothing without one. Throws bad_shape for a probe of another size than its embedding's.
  std::optional<double> probe(Query& query) const;
};

/// sigmoid(weights . x + bias); x [dim].
double probe_score(const formats::LinearProbe& probe, std::span<const float> x);

}  // namespace crayon::adapters
