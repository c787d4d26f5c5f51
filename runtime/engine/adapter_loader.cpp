#include "runtime/engine/adapter_loader.h"

#include <fmt/format.h>

#include <span>

#include "base/bytes.h"
#include "base/error.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/engine/engine.h"

namespace crayon::engine {
namespace {

void check_kind(const formats::Bundle& bundle, formats::BundleKind kind, const char* maker) {
  if (bundle.info().kind != kind) {
    throw Error(Code::bad_argument,
                fmt::format("{} is {}, not {}", bundle.path().string(),
                            kind_in_words(bundle.info().kind), kind_in_words(kind)),
                fmt::format("name a bundle that {} made", maker));
  }
}

}  // namespace

LoadedAdapter load_adapter(const formats::Bundle& bundle, const formats::Bundle& base) {
  check_kind(bundle, formats::BundleKind::adapter, "`crayon pack-adapter` or `blend`");
  return {.source = formats::read_adapter(bundle, 0, base),
          .name = bundle.path().stem().string(),
          .id = bundle.id(),
          .routing = bundle.info().routing};
}

LoadedPool load_pool(const formats::Bundle& bundle, const formats::Bundle& base) {
  check_kind(bundle, formats::BundleKind::pool, "`crayon pack-pool`");
  return {.pool = adapters::Pool::load(bundle, base),
          .id = bundle.id(),
          .routing = bundle.info().routing};
}

void AdapterLoader::add(std::shared_ptr<const LoadedAdapter> adapter, float scale) {
  identify(adapter->id, scale, adapter->routing);
  if (const auto& scope = adapter->source.scope) {
    set_.scopes.push_back(*scope);
  }
  adapters_.emplace_back(std::move(adapter), scale);
}

void AdapterLoader::add(const LoadedPool& pool, float scale, const std::string& name) {
  if (set_.pool) {
    throw Error(Code::bad_argument, fmt::format("{} is a second pool", name),
                "use one pool; make adapters of others with `crayon blend`");
  }
  identify(pool.id, scale, pool.routing);
  set_.pool.emplace(pool.pool, base_, scale);
}

formats::Hash AdapterLoader::id() const {
  return identity_.empty() ? formats::Hash{} : formats::hash_of(identity_);
}

adapters::AdapterSet AdapterLoader::finish_apart(std::vector<std::string>& names) {
  names.clear();
  for (const auto& [adapter, scale] : adapters_) {
    const adapters::Part part{&adapter->source, 1.0f};
    set_.fixed.push_back({adapters::combine({&part, 1}, base_), scale});
    names.push_back(adapter->name);
  }
  return finish_set();
}

adapters::AdapterSet AdapterLoader::finish() {
  std::vector<adapters::Part> parts;
  for (const auto& [adapter, scale] : adapters_) {
    parts.push_back({&adapter->source, scale});
  }
  if (!parts.empty()) {
    set_.fixed.push_back({adapters::combine(parts, base_)});
  }
  return finish_set();
}

void AdapterLoader::identify(const formats::Hash& bundle, float scale,
                             const std::optional<formats::Routing>& routing) {
  ++count_;
  identity_.insert(identity_.end(), bundle.begin(), bundle.end());
  const ByteSpan bytes = as_bytes(std::span<const float>(&scale, 1));
  identity_.insert(identity_.end(), bytes.begin(), bytes.end());
  routing_ = routing;
  if (scale != 1.0f) {
    routing_.reset();
  }
}

adapters::AdapterSet AdapterLoader::finish_set() {
  if (count_ == 1) {
    set_.routing = routing_;
  }
  return std::move(set_);
}

}  // namespace crayon::engine
