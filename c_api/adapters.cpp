#include "c_api/adapters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "c_api/call.h"
#include "c_api/structs.h"
#include "formats/packer.h"
#include "runtime/engine/pool_blend.h"

using namespace crayon;
using namespace crayon::c_api;

namespace crayon::c_api {
namespace {

void check_same_model(const LoadedModel& of_adapter, const LoadedModel& model) {
  if (of_adapter.model().id() != model.model().id()) {
    throw Error(Code::wrong_base, "an adapter or pool was opened for another model",
                "open it for this one");
  }
}

engine::BlendOptions to_blend_options(const crayon_blend_options& given) {
  engine::BlendOptions options;
  if (given.rule != nullptr) {
    options.rule = given.rule;
  }
  if (given.tau != 0) {
    options.tau = given.tau;
  }
  if (given.drop != 0) {
    options.drop = given.drop;
  }
  options.rank = given.rank;
  const bool ordered =
      given.tau >= 0 && std::isfinite(given.tau) && given.drop >= 0 && given.drop <= 1;
  constexpr std::uint32_t most_rank = 1024;
  if (!ordered || given.rank > most_rank) {
    throw Error(Code::bad_argument,
                fmt::format("tau {}, drop {} or rank {} is out of range", given.tau, given.drop,
                            given.rank),
                "tau is above 0, drop 0 to 1, rank 1 to 1024");
  }
  return options;
}

std::vector<eval::TaskItem> items_of(const crayon_example* examples, std::size_t count) {
  if (count != 0) {
    check_not_null(examples, "examples");
  }
  std::vector<eval::TaskItem> items;
  for (std::size_t i = 0; i < count; ++i) {
    eval::TaskItem& item = items.emplace_back();
    item.question = required_text(examples[i].question, "an example's question");
    item.answer = text_of(examples[i].answer);
  }
  return items;
}

/// Says what an adapter was blended of: the same pool with the same weights is the same adapter.
formats::Hash blend_id(const formats::Hash& pool, const engine::BlendOptions& options,
                       const std::vector<float>& weights) {
  std::vector<std::uint8_t> bytes(pool.begin(), pool.end());
  bytes.insert(bytes.end(), options.rule.begin(), options.rule.end());
  const ByteSpan numbers = as_bytes(std::span<const float>(weights));
  bytes.insert(bytes.end(), numbers.begin(), numbers.end());
  const std::uint8_t rank[] = {static_cast<std::uint8_t>(options.rank),
                               static_cast<std::uint8_t>(options.rank >> 8)};
  bytes.insert(bytes.end(), std::begin(rank), std::end(rank));
  return formats::hash_of(bytes);
}

std::string weights_in_words(const engine::LoadedPool& pool, const std::vector<float>& weights) {
  std::string words;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    if (weights[n] != 0) {
      words += fmt::format("{}{} {:.3f}", words.empty() ? "" : ", ", pool.pool.adapters[n].name,
                           weights[n]);
    }
  }
  return words;
}

}  // namespace

engine::AdapterLoader load_attached(const LoadedModel& model, const crayon_attached* adapters,
                                    std::size_t count, crayon_pool* pool) {
  if (count != 0) {
    check_not_null(adapters, "adapters");
  }
  engine::AdapterLoader loader(model.bundle());
  for (std::size_t i = 0; i < count; ++i) {
    const Use use(adapters[i].adapter);
    check_same_model(*use->model, model);
    if (!std::isfinite(adapters[i].scale)) {
      throw Error(Code::bad_argument, fmt::format("adapter {} has no finite scale", i),
                  "give it a number, or 0 for 1");
    }
    loader.add(use->loaded, adapters[i].scale != 0 ? adapters[i].scale : 1.0f);
  }
  if (pool != nullptr) {
    const Use use(pool);
    check_same_model(*use->model, model);
    loader.add(*use->loaded, 1.0f, "the pool");
  }
  return loader;
}

}  // namespace crayon::c_api

crayon_code crayon_adapter_open(crayon_model* model, const char* path, crayon_adapter** adapter,
                                crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(adapter, "a place for the adapter");
    const Use use(model);
    const SharedModel& loaded = use->loaded;
    auto opened = std::make_unique<crayon_adapter>(
        loaded, engine::load_adapter(open_bundle(path, loaded->trusted), loaded->bundle()));
    use->runtime().log(CRAYON_LOG_INFO,
                       fmt::format("adapter {}: rank {}", path, opened->loaded->source.rank));
    hand_out(std::move(opened), adapter);
  });
}

crayon_code crayon_adapter_close(crayon_adapter* adapter) {
  return guarded(nullptr, [&] { close(adapter); });
}

crayon_code crayon_adapter_save(crayon_adapter* adapter, const char* path, crayon_error* error) {
  return guarded(error, [&] {
    const Use use(adapter);
    formats::pack_adapter(use->loaded->source, use->model->bundle(), required_text(path, "a path"));
  });
}

crayon_code crayon_pool_open(crayon_model* model, const char* path, crayon_pool** pool,
                             crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(pool, "a place for the pool");
    const Use use(model);
    const SharedModel& loaded = use->loaded;
    auto opened = std::make_unique<crayon_pool>(
        loaded, engine::load_pool(open_bundle(path, loaded->trusted), loaded->bundle()));
    use->runtime().log(CRAYON_LOG_INFO, fmt::format("pool {}: {} adapters", path,
                                                    opened->loaded->pool.adapters.size()));
    hand_out(std::move(opened), pool);
  });
}

crayon_code crayon_pool_close(crayon_pool* pool) {
  return guarded(nullptr, [&] { close(pool); });
}

crayon_code crayon_pool_get_size(crayon_pool* pool, size_t* adapters, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(adapters, "a place for the number");
    *adapters = Use(pool)->loaded->pool.adapters.size();
  });
}

crayon_code crayon_pool_get_name(crayon_pool* pool, size_t adapter, char* name, size_t capacity,
                                 crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(name, "a place for the name");
    const Use use(pool);
    const auto& all = use->loaded->pool.adapters;
    if (adapter >= all.size() || capacity == 0) {
      throw Error(Code::bad_argument,
                  fmt::format("adapter {} of {}, into {} bytes", adapter, all.size(), capacity),
                  "count from 0, and make room for a name");
    }
    copy_text(all[adapter].name, name, capacity);
  });
}

crayon_code crayon_pool_blend(crayon_pool* pool, const crayon_example* examples, size_t count,
                              const crayon_blend_options* options, float* weights,
                              crayon_adapter** adapter, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(adapter, "a place for the adapter");
    const Use use(pool);
    const engine::BlendOptions how =
        to_blend_options(read_options(options, "crayon_blend_options"));
    const engine::PoolBlend blended = engine::blend_pool(
        how, *use->model->engine, use->loaded->pool, items_of(examples, count), "blend");
    auto made = std::make_unique<crayon_adapter>(
        use->model,
        engine::LoadedAdapter{.source = engine::whole_adapter(blended),
                              .name = "blend",
                              .id = blend_id(use->loaded->id, how, blended.blend.weights),
                              .routing = {}});
    use->runtime().log(CRAYON_LOG_INFO,
                       fmt::format("blended from {} examples: {}", count,
                                   weights_in_words(*use->loaded, blended.blend.weights)));
    if (weights != nullptr) {
      std::fill_n(weights, use->loaded->pool.adapters.size(), 0.0f);
      std::ranges::copy(blended.blend.weights, weights);
    }
    hand_out(std::move(made), adapter);
  });
}
