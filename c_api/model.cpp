#include "c_api/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "base/core_choice.h"
#include "base/error.h"
#include "c_api/call.h"
#include "c_api/runtime.h"
#include "c_api/session.h"
#include "c_api/structs.h"
#include "formats/trust.h"
#include "runtime/adapters/adapters.h"
#include "runtime/encoder/encoder.h"

using namespace crayon;
using namespace crayon::c_api;

namespace crayon::c_api {

formats::Bundle open_bundle(const char* path, const TrustedKeys& keys) {
  formats::Bundle bundle = formats::Bundle::open(required_text(path, "a path"));
  if (!keys.empty()) {
    formats::check_signed(bundle, keys);
    bundle.verify({});
  }
  return bundle;
}

TrustedKeys read_keys(const char* file) {
  return file == nullptr ? TrustedKeys() : TrustedKeys{formats::read_public_key(file)};
}

engine::EngineOptions to_engine_options(const crayon_model_options& options) {
  constexpr std::uint32_t most_threads = 1024;
  if (options.threads > most_threads) {
    throw Error(Code::bad_argument,
                fmt::format("{} threads are more than {}", options.threads, most_threads),
                "take as many as there are cores");
  }
  const std::size_t threads = options.threads != 0 ? options.threads : default_threads();
  return {.threads = threads,
          .cpus = options.pin != 0 ? cores_for(threads) : std::vector<std::uint32_t>(),
          .kernels = text_of(options.kernels),
          .chat_format = text_of(options.chat_format)};
}

namespace {

std::shared_ptr<LoadedModel> load(std::shared_ptr<RuntimeState> runtime, const char* path,
                                  const crayon_model_options& options) {
  auto loaded = std::make_shared<LoadedModel>();
  loaded->runtime = std::move(runtime);
  loaded->trusted = read_keys(options.trusted_key);
  loaded->engine = std::make_unique<engine::Engine>(open_bundle(path, loaded->trusted),
                                                    to_engine_options(options));
  return loaded;
}

crayon_model_info info_of(const LoadedModel& loaded) {
  const model::Model& model = loaded.model();
  crayon_model_info info{};
  copy_text(formats::to_hex(model.id()), info.id);
  copy_text(model.kernels().name, info.kernels);
  info.threads = static_cast<std::uint32_t>(loaded.engine->threads());
  info.layers = model.config().layers;
  info.dim = model.config().dim;
  info.vocabulary = model.config().vocab_size;
  info.max_context = model.config().max_context;
  info.embedding_dim = model.config().query_dim();
  info.uses_image = model.uses_image() ? 1 : 0;
  return info;
}

model::MemoryEstimate estimate(const formats::Bundle& bundle,
                               const engine::SessionOptions& session) {
  const kernels::KernelSet& kernels = kernels::best();
  if (bundle.info().kind == formats::BundleKind::encoder) {
    return encoder::Encoder::estimate(bundle.info(), kernels);
  }
  if (bundle.info().kind != formats::BundleKind::model) {
    throw Error(Code::bad_argument,
                fmt::format("{} holds {}, which is nothing to run", bundle.path().string(),
                            engine::kind_in_words(bundle.info().kind)),
                "name a model or an encoder");
  }
  return model::Model::estimate(bundle.info(), kernels,
                                engine::context_of(*bundle.info().config, session.context),
                                engine::kv_of(session.kv, model::default_kv(bundle.info())));
}

}  // namespace
}  // namespace crayon::c_api

crayon_code crayon_model_open(crayon_runtime* runtime, const char* path,
                              const crayon_model_options* options, crayon_model** model,
                              crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(model, "a place for the model");
    const Use use(runtime);
    auto loaded = load(use->shared_runtime(), path, read_options(options, "crayon_model_options"));
    use->runtime().log(CRAYON_LOG_INFO,
                       fmt::format("model {}: {}, kernels {}, threads {}, weights {}", path,
                                   formats::to_hex(loaded->model().id()).substr(0, 16),
                                   loaded->model().kernels().name, loaded->engine->threads(),
                                   loaded->model().uses_image() ? "of an image" : "decoded"));
    hand_out(std::make_unique<crayon_model>(std::move(loaded)), model);
  });
}

crayon_code crayon_model_close(crayon_model* model) {
  return guarded(nullptr, [&] { close(model); });
}

crayon_code crayon_model_get_info(crayon_model* model, crayon_model_info* info,
                                  crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(info, "a crayon_model_info");
    const Filled out(info, "crayon_model_info");
    out.fill(info_of(*Use(model)->loaded));
  });
}

crayon_code crayon_estimate_memory(crayon_runtime* runtime, const char* path,
                                   const crayon_session_options* options, crayon_memory* memory,
                                   crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(memory, "a crayon_memory");
    const Filled out(memory, "crayon_memory");
    const Use use(runtime);
    const crayon_session_options session = read_options(options, "crayon_session_options");
    const model::MemoryEstimate needed =
        estimate(open_bundle(path, {}), to_session_options(session.context, session.kv));
    out.fill({.size = 0,
              .weights = needed.weights,
              .kv_cache = needed.kv_cache,
              .scratch = needed.scratch});
  });
}

crayon_code crayon_model_tokenize(crayon_model* model, const char* text,
                                  const crayon_tokenize_options* options, uint32_t* tokens,
                                  size_t capacity, size_t* count, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(count, "a place for the count");
    if (capacity != 0) {
      check_not_null(tokens, "a place for tokens");
    }
    const Use use(model);
    const crayon_tokenize_options how = read_options(options, "crayon_tokenize_options");
    const std::vector<formats::Token> all = use->loaded->tokenizer().encode(
        required_text(text, "a text"),
        {.add_bos = how.no_bos == 0, .parse_special = how.parse_special != 0});
    *count = all.size();
    if (capacity < all.size() && tokens != nullptr) {
      throw Error(
          Code::over_limit,
          fmt::format("the text has {} tokens, and there is room for {}", all.size(), capacity),
          "make room for them");
    }
    if (tokens != nullptr) {
      std::ranges::copy(all, tokens);
    }
  });
}

crayon_code crayon_model_detokenize(crayon_model* model, const uint32_t* tokens, size_t count,
                                    char** text, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(text, "a place for the text");
    if (count != 0) {
      check_not_null(tokens, "tokens");
    }
    const Use use(model);
    give_text(use->loaded->tokenizer().decode({tokens, tokens + count}), text);
  });
}

crayon_code crayon_model_embed(crayon_model* model, const char* text, float* vector,
                               size_t capacity, crayon_error* error) {
  return guarded(error, [&] {
    const Use use(model);
    const LoadedModel& loaded = *use->loaded;
    check_room(vector, capacity, loaded.model().config().query_dim());
    const std::string texts[] = {required_text(text, "a text")};
    std::ranges::copy(adapters::embed(loaded.model(), loaded.tokenizer(), texts), vector);
  });
}
