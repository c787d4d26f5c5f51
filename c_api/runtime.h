#pragma once

#include <utility>

#include "c_api/handle.h"

struct crayon_runtime final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::runtime;
  static constexpr bool one_call_at_a_time = false;

  explicit crayon_runtime(std::shared_ptr<crayon::c_api::RuntimeState> state)
      : Handle(its_kind, std::move(state)) {}
  void release() override {}
};
