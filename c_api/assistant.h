#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "c_api/handle.h"
#include "c_api/model.h"
#include "runtime/hybrid/assistant.h"

namespace crayon::c_api {

/// A model that answers questions, with a larger one behind it or not.
class AssistantParts {
 public:
  AssistantParts(SharedModel model, const crayon_assistant_options& options);

  /// What is the same for every question.
  hybrid::AskOptions ask_options() const;
  const hybrid::Assistant& assistant() const { return *assistant_; }

 private:
  SharedModel model_;
  std::optional<formats::Bundle> state_;
  std::uint32_t context_;
  std::optional<hybrid::Assistant> assistant_;  // last: it uses all of the above
};

}  // namespace crayon::c_api

struct crayon_assistant final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::assistant;
  static constexpr bool one_call_at_a_time = false;

  crayon_assistant(const crayon::c_api::SharedModel& model, const crayon_assistant_options& options)
      : Handle(its_kind, model->runtime), parts(std::in_place, model, options) {}
  void release() override { parts.reset(); }

  std::optional<crayon::c_api::AssistantParts> parts;
};
