#include "runtime/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "formats/chat_format.h"

namespace crayon::engine {
namespace {

formats::Bundle checked_model(formats::Bundle bundle) {
  if (bundle.info().kind != formats::BundleKind::model) {
    throw Error(Code::bad_argument,
                fmt::format("{} holds {}, not a model", bundle.path().string(),
                            kind_in_words(bundle.info().kind)),
                "name a bundle that `crayon pack` made");
  }
  return bundle;
}

tokenizer::Tokenizer tokenizer_of(const formats::Bundle& bundle, const std::string& chat_format) {
  if (!bundle.info().tokenizer) {
    throw Error(Code::bad_tokenizer,
                fmt::format("{}: there is no tokenizer", bundle.path().string()));
  }
  formats::TokenizerData data = *bundle.info().tokenizer;
  if (!chat_format.empty()) {
    set_chat_format(data, formats::chat_preset(chat_format));
  }
  return tokenizer::Tokenizer(std::move(data));
}

}  // namespace

const kernels::KernelSet& kernels_of(const std::string& name) {
  return name.empty() ? kernels::best() : kernels::by_name(name);
}

std::string kind_in_words(formats::BundleKind kind) {
  const std::string name = formats::kind_name(kind);
  return (name.front() == 'a' || name.front() == 'e' ? "an " : "a ") + name;
}

std::uint32_t context_of(const formats::ModelConfig& config, std::uint32_t wanted) {
  return wanted != 0 ? wanted : std::min(config.max_context, default_context);
}

model::KvDtype kv_of(const std::string& name, model::KvDtype fallback) {
  if (name == "f16") {
    return model::KvDtype::f16;
  }
  if (name == "i8") {
    return model::KvDtype::i8;
  }
  return name == "f32" ? model::KvDtype::f32 : fallback;
}

Engine::Engine(formats::Bundle bundle, const EngineOptions& options)
    : kernels_(kernels_of(options.kernels)),
      pool_(options.threads, options.cpus),
      bundle_(checked_model(std::move(bundle))),
      model_(model::Model::load(bundle_, kernels_, pool_)),
      tokenizer_(tokenizer_of(bundle_, options.chat_format)) {}

std::uint32_t Engine::context(const SessionOptions& options) const {
  return context_of(model_->config(), options.context);
}

model::KvDtype Engine::kv(const SessionOptions& options) const {
  return kv_of(options.kv, model_->default_kv());
}

model::MemoryEstimate Engine::memory(const SessionOptions& options, const context::PotOptions& pot,
                                     std::uint64_t sessions) const {
  model::MemoryEstimate memory =
      model::Model::estimate(bundle_.info(), kernels_, context(options), kv(options));
  memory.kv_cache *= sessions;
  memory.scratch += context::Pot::bytes(*model_, context(options), pot);
  memory.scratch *= sessions;
  return memory;
}

std::unique_ptr<model::Session> Engine::bare_session(const SessionOptions& options) const {
  return std::make_unique<model::Session>(*model_, context(options), kv(options));
}

}  // namespace crayon::engine
