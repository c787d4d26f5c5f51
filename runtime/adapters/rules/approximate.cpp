#include "runtime/adapters/rules/approximate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/adapters/each.h"
#include "runtime/adapters/rules/product_svd.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::SourceLora;

/// Squared norms, of one projection or summed up over all.
struct Distance {
  double exact = 0;
  double difference = 0;

  void operator+=(const Distance& other) {
    exact += other.exact;
    difference += other.difference;
  }
  double relative() const { return exact > 0 ? std::sqrt(std::max(difference, 0.0) / exact) : 0.0; }
};

/// The `rank` largest singular values of a product, shared evenly by both factors.
SourceLora truncated(const SourceLora& factor, const ProductSvd& svd, std::uint32_t rank) {
  SourceLora result{factor.layer, factor.projection, rank, {}, {}};
  for (Eigen::Index j = 0; j < rank; ++j) {
    for (Eigen::Index c = 0; c < svd.v.rows(); ++c) {
      result.a.push_back(static_cast<float>(std::sqrt(svd.s(j)) * svd.v(c, j)));
    }
  }
  for (Eigen::Index r = 0; r < svd.u.rows(); ++r) {
    for (Eigen::Index j = 0; j < rank; ++j) {
      result.b.push_back(static_cast<float>(svd.u(r, j) * std::sqrt(svd.s(j))));
    }
  }
  return result;
}

/// A factor pair of at most `rank` that is nearest to `factor`, and how far that is.
std::pair<SourceLora, Distance> nearest(const SourceLora& factor, std::uint32_t rank) {
  if (factor.rank <= rank) {
    return {factor, {squared_norm(factor), 0}};
  }
  const ProductSvd svd = product_svd(factor, rank);
  const auto kept = static_cast<std::uint32_t>(svd.u.cols());
  return {truncated(factor, svd, kept),
          {svd.s.squaredNorm(), svd.s.tail(svd.s.size() - kept).squaredNorm()}};
}

/// `sum` += scale * `values`
void add(std::vector<float>& sum, const std::vector<float>& values, float scale) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i] += scale * values[i];
  }
}

/// The adapter's factors for the same projection as `like`. Throws bad_argument when there are
/// none.
const SourceLora& factors_for(const AdapterSource& adapter, const SourceLora& like) {
  const auto found = std::ranges::find_if(adapter.factors, [&like](const SourceLora& factor) {
    return factor.layer == like.layer && factor.projection == like.projection;
  });
  if (found == adapter.factors.end()) {
    throw Error(Code::bad_argument,
                fmt::format("adapter {} does not change {}, which others do", adapter.name,
                            formats::projection(like.layer, like.projection)),
                "add the products instead");
  }
  return *found;
}

/// (sum w B)(sum w A) of the projection that `sum` is the exact sum of. An adapter's own scale is
/// put into its B.
SourceLora merged(std::span<const Part* const> parts, const SourceLora& sum) {
  const SourceLora& first = factors_for(*parts.front()->adapter, sum);
  SourceLora result{sum.layer, sum.projection, first.rank, std::vector<float>(first.a.size()),
                    std::vector<float>(first.b.size())};
  for (const Part* const part : parts) {
    const SourceLora& factor = factors_for(*part->adapter, sum);
    if (factor.rank != first.rank) {
      throw Error(
          Code::bad_argument,
          fmt::format("{}: factors of ranks {} and {} cannot be merged",
                      formats::projection(sum.layer, sum.projection), first.rank, factor.rank),
          "add the products instead, which takes any ranks");
    }
    add(result.a, factor.a, part->weight);
    add(result.b, factor.b, part->weight * part->adapter->scale);
  }
  return result;
}

/// The factors of x - y: those of both, one behind the other, y's turned in sign.
SourceLora difference(const SourceLora& x, const SourceLora& y) {
  SourceLora result{x.layer, x.projection, x.rank + y.rank, x.a, {}};
  result.a.insert(result.a.end(), y.a.begin(), y.a.end());
  const std::size_t outputs = x.b.size() / x.rank;
  for (std::size_t r = 0; r < outputs; ++r) {
    for (std::size_t j = 0; j < x.rank; ++j) {
      result.b.push_back(x.b[r * x.rank + j]);
    }
    for (std::size_t j = 0; j < y.rank; ++j) {
      result.b.push_back(-y.b[r * y.rank + j]);
    }
  }
  return result;
}

}  // namespace

Approximation recompress(const Sum& sum, std::uint32_t rank, ThreadPool& threads) {
  if (rank == 0) {
    throw Error(Code::bad_argument, "an adapter cannot have rank 0", "use a rank above 0");
  }
  Approximation result{sum.head(), 0};
  result.adapter.rank = 0;
  result.adapter.factors.resize(sum.size());
  std::vector<Distance> distances(sum.size());
  for_each(sum.size(), threads, [&](std::size_t i) {
    SourceLora exact;
    sum.make(i, exact);
    std::tie(result.adapter.factors[i], distances[i]) = nearest(exact, rank);
  });
  Distance distance;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    distance += distances[i];
    result.adapter.rank = std::max(result.adapter.rank, result.adapter.factors[i].rank);
  }
  result.error = distance.relative();
  return result;
}

Approximation merge_factors(std::span<const Part> parts, std::string name) {
  const Sum sum(parts, std::move(name));
  Approximation result{sum.head(), 0};
  result.adapter.rank = 0;
  std::vector<const Part*> present;
  for (const Part& part : parts) {
    if (part.weight != 0.0f && part.adapter->scale != 0.0f) {
      present.push_back(&part);
    }
  }
  Distance distance;
  SourceLora exact;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum.make(i, exact);
    SourceLora cheap = merged(present, exact);
    distance += {squared_norm(exact), squared_norm(difference(exact, cheap))};
    result.adapter.rank = std::max(result.adapter.rank, cheap.rank);
    result.adapter.factors.push_back(std::move(cheap));
  }
  result.error = distance.relative();
  return result;
}

}  // namespace crayon::adapters
