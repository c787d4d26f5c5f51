#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/bundle.h"
#include "formats/hash.h"
#include "formats/model_source.h"
#include "formats/routing.h"
#include "runtime/adapters/adapter_set.h"

namespace crayon::engine {

/// An adapter as it is put beside a model.
struct LoadedAdapter {
  formats::AdapterSource source;
  std::string name;                         ///< of its file, without the ending
  formats::Hash id{};                       ///< of its bundle, or of what it was blended of
  std::optional<formats::Routing> routing;  ///< about this adapter alone, at its own scale
};

/// Throws bad_argument for a bundle of another kind, wrong_base for another model's adapter.
LoadedAdapter load_adapter(const formats::Bundle& bundle, const formats::Bundle& base);

/// A pool as it is put beside a model.
struct LoadedPool {
  adapters::Pool pool;
  formats::Hash id{};  ///< of its bundle
  std::optional<formats::Routing> routing;
};

/// Throws bad_argument for a bundle of another kind, wrong_base for another model's pool.
LoadedPool load_pool(const formats::Bundle& bundle, const formats::Bundle& base);

/// Puts adapters and at most one pool together, one by one.
class AdapterLoader {
 public:
  /// `base`: the model's bundle, which must outlive the loader.
  explicit AdapterLoader(const formats::Bundle& base) : base_(base) {}

  void add(std::shared_ptr<const LoadedAdapter> adapter, float scale);
  /// `name`: what it is called in errors. Throws bad_argument for a second pool.
  void add(const LoadedPool& pool, float scale, const std::string& name);

  /// Of all that was added, in its order, with the scales; zeros: nothing.
  formats::Hash id() const;

  /// One adapter each, with the name of its file; they can be weighed anew.
  adapters::AdapterSet finish_apart(std::vector<std::string>& names);
  /// All in one, which is fastest.
  adapters::AdapterSet finish();

 private:
  void identify(const formats::Hash& bundle, float scale,
                const std::optional<formats::Routing>& routing);
  adapters::AdapterSet finish_set();

  const formats::Bundle& base_;
  std::vector<std::pair<std::shared_ptr<const LoadedAdapter>, float>> adapters_;
  adapters::AdapterSet set_;
  std::vector<std::uint8_t> identity_;  // ids and scales
  std::size_t count_ = 0;
  std::optional<formats::Routing> routing_;  // of the last one
};

}  // namespace crayon::engine
