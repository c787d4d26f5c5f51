#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"
#include "formats/packer.h"

namespace crayon::formats {
namespace {

const ModelConfig& config_of(const Bundle& base) {
  if (!base.info().config) {
    throw Error(Code::bad_argument,
                fmt::format("{}: a bundle of kind {} is no base for adapters", base.path().string(),
                            kind_name(base.info().kind)),
                "name the model bundle");
  }
  return *base.info().config;
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(),
                     [](float value) { return std::isfinite(value); });
}

void check_factor(const SourceLora& factor, std::uint32_t max_factor_rank, std::size_t experts,
                  const ModelConfig& config) {
  const std::string name = projection(factor.layer, factor.projection);
  if (factor.layer >= config.layers) {
    fail(Code::unmatched_tensor, name, fmt::format("the base has {} layers", config.layers));
  }
  if (!config.has(factor.projection)) {
    fail(Code::unmatched_tensor, name, "the base has no such projection");
  }
  if (factor.rank == 0 || factor.rank > max_factor_rank) {
    fail(Code::bad_shape, name,
         fmt::format("rank {} is not in 1..{}", factor.rank, max_factor_rank));
  }
  const auto [outputs, inputs] = projection_shape(config, factor.projection);
  if (factor.a.size() != factor.rank * inputs || factor.b.size() != outputs * factor.rank) {
    fail(Code::bad_shape, name,
         fmt::format("{} and {} numbers where rank {} and the base's [{}][{}] need {} and {}",
                     factor.a.size(), factor.b.size(), factor.rank, outputs, inputs,
                     factor.rank * inputs, outputs * factor.rank));
  }
  if (factor.directions.size() != experts * inputs) {
    fail(Code::bad_shape, name,
         fmt::format("directions: {} numbers where {} experts and {} inputs need {}",
                     factor.directions.size(), experts, inputs, experts * inputs));
  }
  if (experts != 0 && factor.rank != max_factor_rank) {
    fail(Code::bad_shape, name,
         fmt::format("rank {} is not the sum of the experts' ranks", factor.rank));
  }
  if (!all_finite(factor.a) || !all_finite(factor.b) || !all_finite(factor.directions)) {
    fail(Code::corrupt, name, "not a finite number");
  }
}

void check_scope(const Scope& scope, const ModelConfig& config) {
  scope.embedding.check(config);
  if (scope.centre.size() != scope.embedding.dim(config)) {
    fail(Code::bad_shape, "scope",
         fmt::format("{} numbers where {} of this base has {}", scope.centre.size(),
                     embedding_name(scope.embedding), scope.embedding.dim(config)));
  }
}

void check_head(const AdapterSource& adapter, std::size_t factors, const ModelConfig& config) {
  if (factors == 0) {
    fail(Code::unsupported_adapter, "factors", "there are none");
  }
  if (adapter.rank == 0 || adapter.rank > max_rank) {
    fail(Code::over_limit, "rank", fmt::format("{} is not in 1..{}", adapter.rank, max_rank));
  }
  if (!std::isfinite(adapter.scale)) {
    fail(Code::corrupt, "scale", "not a finite number");
  }
  if (adapter.scope) {
    check_scope(*adapter.scope, config);
  }
}

std::size_t experts_of(const AdapterSource& adapter) {
  return adapter.experts ? adapter.experts->ranks.size() : 0;
}

void check_fields(const AdapterSource& adapter, const ModelConfig& config) {
  check_head(adapter, adapter.factors.size(), config);
  std::set<std::pair<std::uint32_t, Projection>> seen;
  for (const SourceLora& factor : adapter.factors) {
    check_factor(factor, adapter.rank, experts_of(adapter), config);
    if (!seen.emplace(factor.layer, factor.projection).second) {
      fail(Code::corrupt, projection(factor.layer, factor.projection), "there are two");
    }
  }
}

/// Runs a check whose errors name the adapter.
template <typename Check>
void check_in(const AdapterSource& adapter, const Check& check) {
  with_prefix([&] { return fmt::format("adapter {}: ", adapter.name); }, check);
}

void check_adapter(const AdapterSource& adapter, const ModelConfig& config) {
  check_in(adapter, [&] { check_fields(adapter, config); });
}

std::pair<std::uint32_t, Projection> place_of(const SourceLora& factor) {
  return {factor.layer, factor.projection};
}

void write_factor(BundleWriter& writer, const SourceLora& factor, std::size_t experts,
                  const ModelConfig& config, const std::string& prefix) {
  const auto [outputs, inputs] = projection_shape(config, factor.projection);
  writer.add_f32(prefix + lora_a(factor.layer, factor.projection),
                 {.rows = factor.rank, .cols = inputs}, factor.a);
  writer.add_f32(prefix + lora_b(factor.layer, factor.projection),
                 {.rows = outputs, .cols = factor.rank}, factor.b);
  if (experts != 0) {
    writer.add_f32(prefix + lora_directions(factor.layer, factor.projection),
                   {.rows = experts, .cols = inputs}, factor.directions);
  }
}

// In the order of the computation, whatever the source's.
void write_factors(BundleWriter& writer, const AdapterSource& adapter, const ModelConfig& config,
                   const std::string& prefix) {
  std::vector<const SourceLora*> factors;
  for (const SourceLora& factor : adapter.factors) {
    factors.push_back(&factor);
  }
  std::sort(factors.begin(), factors.end(),
            [](const SourceLora* a, const SourceLora* b) { return place_of(*a) < place_of(*b); });
  for (const SourceLora* factor : factors) {
    write_factor(writer, *factor, experts_of(adapter), config, prefix);
  }
}

AdapterInfo info_of(const AdapterSource& adapter) {
  return {.name = adapter.name,
          .rank = adapter.rank,
          .scale = adapter.scale,
          .experts = adapter.experts};
}

Hash finish_adapter(BundleWriter& writer, const AdapterSource& adapter, const Bundle& base) {
  BundleInfo info;
  info.provenance = packed_provenance(adapter.provenance);
  info.adapters = {info_of(adapter)};
  info.base = base.id();
  info.scope = adapter.scope;
  return writer.finish(std::move(info));
}

std::string prefix_in_pool(std::size_t index) {
  return fmt::format("adapters.{}.", index);
}

// A pool has several sources: their names in a row, and the hash of their hashes in that order.
Provenance joined_provenance(std::span<const AdapterSource> adapters) {
  Provenance joined;
  std::string hashes;
  for (const AdapterSource& adapter : adapters) {
    joined.source += (joined.source.empty() ? "" : ", ") + adapter.provenance.source;
    hashes += adapter.provenance.source_hash;
  }
  joined.source_hash = to_hex(hash_of(as_bytes(hashes)));
  const std::string& licence = adapters.front().provenance.licence;
  if (std::all_of(adapters.begin(), adapters.end(), [&](const AdapterSource& adapter) {
        return adapter.provenance.licence == licence;
      })) {
    joined.licence = licence;
  }
  return joined;
}

SourceLora read_factor(const Bundle& bundle, const TensorEntry& a, const TensorEntry& b,
                       std::uint32_t layer, Projection which) {
  SourceLora factor;
  factor.layer = layer;
  factor.projection = which;
  factor.rank = static_cast<std::uint32_t>(std::min<std::uint64_t>(a.shape.rows, max_rank + 1));
  if (b.shape.cols != factor.rank) {
    throw Error(Code::bad_shape, fmt::format("{}: tensors {} and {} have not the same rank",
                                             bundle.path().string(), a.name, b.name));
  }
  factor.a = bundle.read_f32(a);
  factor.b = bundle.read_f32(b);
  return factor;
}

}  // namespace

Provenance packed_provenance(Provenance provenance) {
  provenance.tool = "crayon " CRAYON_VERSION;
  for (std::string* const text :
       {&provenance.source, &provenance.source_hash, &provenance.licence}) {
    text->resize(std::min(text->size(), max_provenance_size));
    std::replace_if(
        text->begin(), text->end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  }
  return provenance;
}

Hash pack_adapter(const AdapterSource& adapter, const Bundle& base,
                  const std::filesystem::path& path) {
  const ModelConfig& config = config_of(base);
  check_adapter(adapter, config);
  BundleWriter writer(path, BundleKind::adapter);
  write_factors(writer, adapter, config, "");
  return finish_adapter(writer, adapter, base);
}

Hash pack_adapter(const AdapterSource& head, std::size_t count,
                  const std::function<void(std::size_t, SourceLora&)>& make, const Bundle& base,
                  const std::filesystem::path& path) {
  const ModelConfig& config = config_of(base);
  check_in(head, [&] { check_head(head, count, config); });
  BundleWriter writer(path, BundleKind::adapter);
  SourceLora factor;
  for (std::size_t i = 0; i < count; ++i) {
    const auto before = place_of(factor);
    make(i, factor);
    check_in(head, [&] {
      if (i != 0 && place_of(factor) <= before) {
        fail(Code::bad_argument, projection(factor.layer, factor.projection),
             "it does not come in the order of layers and projections");
      }
      check_factor(factor, head.rank, experts_of(head), config);
    });
    write_factor(writer, factor, experts_of(head), config, "");
  }
  return finish_adapter(writer, head, base);
}

Hash pack_pool(std::span<const AdapterSource> adapters, const PoolIndex& index, const Bundle& base,
               const std::filesystem::path& path) {
  const ModelConfig& config = config_of(base);
  if (adapters.empty()) {
    throw Error(Code::bad_argument, "a pool needs an adapter", "name at least one");
  }
  index.embedding.check(config);
  const Shape shape = {.rows = adapters.size(), .cols = index.embedding.dim(config)};
  if (index.indicators.size() != shape.rows * shape.cols) {
    throw Error(Code::bad_argument, fmt::format("indicators: {} numbers where [{}][{}] are needed",
                                                index.indicators.size(), shape.rows, shape.cols));
  }
  BundleInfo info;
  for (const AdapterSource& adapter : adapters) {
    check_adapter(adapter, config);
    info.adapters.push_back(info_of(adapter));
  }
  BundleWriter writer(path, BundleKind::pool);
  // Choosing adapters reads these first, then the chosen ones alone.
  writer.add_f32(std::string(indicators(index.embedding)), shape, index.indicators);
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    write_factors(writer, adapters[i], config, prefix_in_pool(i));
  }
  info.provenance = packed_provenance(joined_provenance(adapters));
  info.base = base.id();
  info.pool_tau = index.tau;
  info.pool_embedding = index.embedding;
  return writer.finish(std::move(info));
}

AdapterSource read_adapter(const Bundle& bundle, std::size_t index, const Bundle& base) {
  const ModelConfig& config = config_of(base);
  const BundleInfo& info = bundle.info();
  if (info.base != base.id()) {
    throw Error(
        Code::wrong_base,
        fmt::format("{} does not belong to {}", bundle.path().string(), base.path().string()),
        "pack it again with this base");
  }
  if (index >= info.adapters.size()) {
    throw Error(Code::bad_argument,
                fmt::format("{}: there is no adapter {}, only {}", bundle.path().string(), index,
                            info.adapters.size()));
  }
  const std::string prefix = info.kind == BundleKind::pool ? prefix_in_pool(index) : "";
  AdapterSource adapter;
  adapter.name = info.adapters[index].name;
  adapter.rank = info.adapters[index].rank;
  adapter.scale = info.adapters[index].scale;
  adapter.experts = info.adapters[index].experts;
  adapter.provenance = info.provenance;
  adapter.scope = info.scope;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (const Projection which : all_projections) {
      const TensorEntry* const a = bundle.find(prefix + lora_a(layer, which));
      const TensorEntry* const b = bundle.find(prefix + lora_b(layer, which));
      if (a != nullptr && b != nullptr) {
        adapter.factors.push_back(read_factor(bundle, *a, *b, layer, which));
        if (adapter.experts) {
          adapter.factors.back().directions =
              bundle.read_f32(bundle.at(prefix + lora_directions(layer, which)));
        }
      } else if (a != nullptr || b != nullptr) {
        // Throws, as one of the two is not there.
        (void)bundle.at(prefix + (a == nullptr ? lora_a(layer, which) : lora_b(layer, which)));
      }
    }
  }
  const auto in_adapter = [&](const TensorEntry& tensor) {
    return tensor.name.starts_with(prefix);
  };
  const auto count = std::count_if(info.tensors.begin(), info.tensors.end(), in_adapter);
  const std::size_t expected = (adapter.experts ? 3 : 2) * adapter.factors.size();
  if (static_cast<std::size_t>(count) != expected) {
    throw Error(Code::unmatched_tensor,
                fmt::format("{}: adapter {} has {} tensors, of which {} match the base",
                            bundle.path().string(), adapter.name, count, expected));
  }
  check_adapter(adapter, config);
  return adapter;
}

}  // namespace crayon::formats
