#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "c_api/handle.h"
#include "c_api/model.h"
#include "runtime/engine/adapter_loader.h"

struct crayon_adapter final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::adapter;
  static constexpr bool one_call_at_a_time = false;

  crayon_adapter(crayon::c_api::SharedModel its_model, crayon::engine::LoadedAdapter its_adapter)
      : Handle(its_kind, its_model->runtime),
        model(std::move(its_model)),
        loaded(std::make_shared<crayon::engine::LoadedAdapter>(std::move(its_adapter))) {}
  void release() override {
    loaded.reset();
    model.reset();
  }

  crayon::c_api::SharedModel model;
  std::shared_ptr<const crayon::engine::LoadedAdapter> loaded;
};

struct crayon_pool final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::pool;
  static constexpr bool one_call_at_a_time = false;

  crayon_pool(crayon::c_api::SharedModel its_model, crayon::engine::LoadedPool its_pool)
      : Handle(its_kind, its_model->runtime),
        model(std::move(its_model)),
        loaded(std::make_shared<crayon::engine::LoadedPool>(std::move(its_pool))) {}
  void release() override {
    loaded.reset();
    model.reset();
  }

  crayon::c_api::SharedModel model;
  std::shared_ptr<const crayon::engine::LoadedPool> loaded;
};

namespace crayon::c_api {

/// The adapters of a session or an assistant; `pool` may be null. Throws bad_argument for null
/// among them and scales that are not finite, wrong_base for those of another model.
engine::AdapterLoader load_attached(const LoadedModel& model, const crayon_attached* adapters,
                                    std::size_t count, crayon_pool* pool);

}  // namespace crayon::c_api
