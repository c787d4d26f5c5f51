#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/each.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::ModelConfig;
using formats::Projection;
using formats::Shape;
using formats::SourceLora;
using model::LowRank;

/// One factor pair of a sum, with what it is multiplied with.
struct Term {
  const SourceLora* factor;
  float scale;                          // adapter scale x weight
  const formats::ExpertsInfo* experts;  // or null
};

/// Factors of the same projection of the same layer, in the order of the parts.
struct Group {
  std::uint32_t layer;
  Projection projection;
  std::vector<Term> terms;

  std::uint32_t rank() const {
    std::uint32_t sum = 0;
    for (const Term& term : terms) {
      sum += term.factor->rank;
    }
    return sum;
  }
};

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

/// What is left of the parts whose scale is not 0, by layer and projection.
std::vector<Group> group_factors(std::span<const Part> parts) {
  std::vector<Group> groups;
  for (const Part& part : parts) {
    const float scale = scale_of(part);
    if (scale == 0.0f) {
      continue;
    }
    const auto* const experts = part.adapter->experts ? &*part.adapter->experts : nullptr;
    for (const SourceLora& factor : part.adapter->factors) {
      const auto same = [&](const Group& other) {
        return other.layer == factor.layer && other.projection == factor.projection;
      };
      auto found = std::ranges::find_if(groups, same);
      if (found == groups.end()) {
        groups.push_back({factor.layer, factor.projection, {}});
        found = std::prev(groups.end());
      }
      found->terms.push_back({&factor, scale, experts});
    }
  }
  return groups;
}

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

/// A of every term, one below the other: [rank][inputs].
std::vector<float> stack_a(const Group& group) {
  std::size_t size = 0;
  for (const Term& term : group.terms) {
    size += term.factor->a.size();
  }
  std::vector<float> a;
  a.reserve(size);  // and not filled with zeros first: new memory costs more than the copy
  for (const Term& term : group.terms) {
    a.insert(a.end(), term.factor->a.begin(), term.factor->a.end());
  }
  return a;
}

/// B of every term, side by side: [outputs][rank]. `scaled`: multiplied with the term's scale.
std::vector<float> stack_b(const Group& group, bool scaled) {
  const std::size_t rank = group.rank();
  const SourceLora& first = *group.terms.front().factor;
  const std::size_t outputs = first.rank == 0 ? 0 : first.b.size() / first.rank;
  std::vector<float> b(outputs * rank);
  float* to = b.data();
  for (std::size_t row = 0; row < outputs; ++row) {
    for (const Term& term : group.terms) {
      const std::size_t part_rank = term.factor->rank;
      const float scale = scaled ? term.scale : 1.0f;
      const float* const from = term.factor->b.data() + row * part_rank;
      to = std::transform(from, from + part_rank, to,
                          [scale](float value) { return scale * value; });
    }
  }
  return b;
}

/// The router of the group's adapter with experts; empty when it has none.
model::TokenRouter router_of(const Group& group) {
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

LowRank concatenated(const Group& group) {
  LowRank result;
  result.rank = group.rank();
  result.a = stack_a(group);
  result.b = stack_b(group, false);
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
  std::vector<model::Adapter::Layer> layers(config.layers);
  for (const Group& group : group_factors(parts)) {
    if (group.layer >= config.layers) {
      throw Error(Code::bad_shape,
                  fmt::format("an adapter has factors for layer {}, its base {} layers",
                              group.layer, config.layers),
                  "pack the adapter for this base");
    }
    for (const Term& term : group.terms) {
      check_shape(*term.factor, formats::projection_shape(config, group.projection));
    }
    layers[group.layer][static_cast<std::size_t>(group.projection)] = concatenated(group);
  }
  return std::make_shared<const model::Adapter>(base.id(), std::move(layers));
}

AdapterSource concatenate(std::span<const Part> parts, std::string name, ThreadPool* threads) {
  AdapterSource result;
  result.name = std::move(name);
  for (const Part& part : parts) {
    if (part.adapter->experts) {
      throw Error(Code::bad_argument,
                  fmt::format("adapter {} has experts, which cannot be one part of a blend",
                              part.adapter->name),
                  "blend adapters without experts");
    }
    result.provenance.source += (result.provenance.source.empty() ? "" : " + ") +
                                fmt::format("{} * {}", part.weight, part.adapter->name);
  }
  const std::vector<Group> groups = group_factors(parts);
  for (const Group& group : groups) {
    const SourceLora& first = *group.terms.front().factor;
    for (const Term& term : group.terms) {
      const SourceLora& factor = *term.factor;
      if (factor.rank == 0 || factor.a.size() % factor.rank != 0 ||
          factor.a.size() * first.rank != first.a.size() * factor.rank ||
          factor.b.size() * first.rank != first.b.size() * factor.rank) {
        throw Error(Code::bad_shape,
                    fmt::format("adapters disagree on the shape of {}",
                                formats::projection(group.layer, group.projection)),
                    "blend adapters of the same base");
      }
    }
    result.rank = std::max(result.rank, group.rank());
  }
  result.factors.resize(groups.size());
  for_each(groups.size(), threads, [&](std::size_t i) {
    const Group& group = groups[i];
    result.factors[i] = {group.layer, group.projection, group.rank(), stack_a(group),
                         stack_b(group, true)};
  });
  return result;
}

std::shared_ptr<const model::Adapter> load(const std::filesystem::path& path,
                                           const formats::Bundle& base, float scale) {
  const formats::Bundle bundle = formats::Bundle::open(path);
  if (bundle.info().kind != formats::BundleKind::adapter) {
    throw Error(Code::bad_argument,
                fmt::format("{} is a bundle of kind {}, not an adapter", path.string(),
                            kind_name(bundle.info().kind)),
                "name an adapter bundle");
  }
  const AdapterSource adapter = formats::read_adapter(bundle, 0, base);
  const Part part{&adapter, scale};
  return combine({&part, 1}, base);
}

}  // namespace crayon::adapters
