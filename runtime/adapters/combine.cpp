#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "formats/packer.h"
#include "formats/smoothing.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/factor_groups.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::ModelConfig;
using formats::Shape;
using formats::SourceLora;
using model::LowRank;

/// Throws unless the sizes of a factor are those of its rank and of `shape` [outputs][inputs].
void check_shape(const SourceLora& factor, Shape shape) {
  if (factor.a.size() != factor.rank * shape.cols || factor.b.size() != factor.rank * shape.rows) {
    throw Error(Code::bad_shape,
                fmt::format("the factors for {} do not have the sizes of rank {} on [{}][{}]",
                            formats::projection(factor.layer, factor.projection), factor.rank,
                            shape.rows, shape.cols),
                "pack the adapter for this base");
  }
}

/// The router of the group's adapter with experts; empty when it has none.
model::TokenRouter router_of(const FactorGroup& group) {
  model::TokenRouter router;
  std::uint32_t begin = 0;
  for (const Term& term : group.terms) {
    if (term.experts != nullptr) {
      if (!router.empty()) {
        throw Error(Code::bad_argument, "two adapters with experts cannot be added up",
                    "run with one of them");
      }
      router.bounds.push_back(begin);
      for (const std::uint32_t rank : term.experts->ranks) {
        router.bounds.push_back(router.bounds.back() + rank);
      }
      router.directions = term.factor->directions;
      router.top_k = term.experts->top_k;
      router.temperature = term.experts->temperature;
    }
    begin += term.factor->rank;
  }
  return router;
}

LowRank concatenated(const FactorGroup& group) {
  LowRank result;
  result.rank = group.rank();
  group.stack_a(result.a);
  group.stack_b(result.b, false);
  result.router = router_of(group);
  for (const Term& term : group.terms) {
    result.rank_scale.insert(result.rank_scale.end(), term.factor->rank, term.scale);
  }
  return result;
}

}  // namespace

std::shared_ptr<const model::Adapter> combine(std::span<const Part> parts,
                                              const formats::Bundle& base) {
  if (!base.info().config) {
    throw Error(Code::bad_argument, "the base of an adapter is not a model bundle",
                "name the model bundle");
  }
  const ModelConfig& config = *base.info().config;
  const std::optional<formats::ChannelScales> scales = formats::read_scales(base);
  std::vector<model::Adapter::Layer> layers(config.layers);
  for (const FactorGroup& group : group_factors(parts)) {
    if (group.layer >= config.layers) {
      throw Error(Code::bad_shape,
                  fmt::format("an adapter has factors for layer {}, its base {} layers",
                              group.layer, config.layers),
                  "pack the adapter for this base");
    }
    for (const Term& term : group.terms) {
      check_shape(*term.factor, formats::projection_shape(config, group.projection));
    }
    LowRank& factors = layers[group.layer][static_cast<std::size_t>(group.projection)];
    factors = concatenated(group);
    if (scales) {
      fold_inputs(*scales, config, group.layer, group.projection, factors.a);
      fold_inputs(*scales, config, group.layer, group.projection, factors.router.directions);
      fold_outputs(*scales, group.layer, group.projection, factors.rank, factors.b);
    }
  }
  return std::make_shared<const model::Adapter>(base.id(), std::move(layers));
}

}  // namespace crayon::adapters
