#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "c_api/handle.h"
#include "formats/bundle.h"
#include "formats/signature.h"
#include "runtime/engine/engine.h"

namespace crayon::c_api {

/// Keys that bundles must be signed by; none: they need not be.
using TrustedKeys = std::vector<formats::PublicKey>;

/// Throws untrusted unless the bundle is signed by one of the keys, and with keys what verifying
/// every byte throws.
formats::Bundle open_bundle(const char* path, const TrustedKeys& keys);
TrustedKeys read_keys(const char* file);
engine::EngineOptions to_engine_options(const crayon_model_options& options);

/// What a model's sessions, adapters and assistants hold on to.
struct LoadedModel {
  std::shared_ptr<RuntimeState> runtime;  // first: what follows gives its memory back to it
  TrustedKeys trusted;
  std::unique_ptr<engine::Engine> engine;

  const formats::Bundle& bundle() const { return engine->bundle(); }
  const model::Model& model() const { return engine->model(); }
  const tokenizer::Tokenizer& tokenizer() const { return engine->tokenizer(); }
};
using SharedModel = std::shared_ptr<const LoadedModel>;

}  // namespace crayon::c_api

struct crayon_model final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::model;
  static constexpr bool one_call_at_a_time = false;

  explicit crayon_model(crayon::c_api::SharedModel its_model)
      : Handle(its_kind, its_model->runtime), loaded(std::move(its_model)) {}
  void release() override { loaded.reset(); }

  crayon::c_api::SharedModel loaded;
};
