#include "cli/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"

namespace crayon::cli {
namespace {

formats::Bundle open_model(const std::filesystem::path& path) {
  formats::Bundle bundle = formats::Bundle::open(path);
  if (bundle.info().kind != formats::BundleKind::model) {
    throw Error(
        Code::bad_argument,
        fmt::format("{} holds {}, not a model", path.string(),
                    bundle.info().kind == formats::BundleKind::pool ? "a pool" : "an adapter"),
        "name a bundle that `crayon pack` made");
  }
  return bundle;
}

tokenizer::Tokenizer tokenizer_of(const formats::Bundle& bundle) {
  if (!bundle.info().tokenizer) {
    throw Error(Code::bad_tokenizer,
                fmt::format("{}: there is no tokenizer", bundle.path().string()));
  }
  return tokenizer::Tokenizer(*bundle.info().tokenizer);
}

formats::AdapterSource open_adapter(const std::string& path, const formats::Bundle& base) {
  const formats::Bundle bundle = formats::Bundle::open(path);
  switch (bundle.info().kind) {
    case formats::BundleKind::adapter:
      return formats::read_adapter(bundle, 0, base);
    case formats::BundleKind::pool:
      throw Error(Code::bad_argument, fmt::format("{} is a pool, not one adapter", path),
                  "make an adapter of it first: crayon blend POOL --base MODEL --examples FILE "
                  "-o mine.crayon");
    case formats::BundleKind::model:
      break;
  }
  throw Error(Code::bad_argument, fmt::format("{} is a model, not an adapter", path),
              "name a bundle that `crayon pack-adapter` or `crayon blend` made");
}

std::shared_ptr<const model::Adapter> open_adapters(const std::vector<std::string>& arguments,
                                                    const formats::Bundle& base) {
  if (arguments.empty()) {
    return nullptr;
  }
  std::vector<formats::AdapterSource> sources;
  std::vector<adapters::Part> parts;
  sources.reserve(arguments.size());  // parts point into it
  for (const std::string& argument : arguments) {
    const LoraArgument lora = parse_lora(argument);
    sources.push_back(open_adapter(lora.path, base));
    parts.push_back({&sources.back(), lora.scale});
  }
  return adapters::combine(parts, base);
}

}  // namespace

const kernels::KernelSet& select_kernels(const std::string& name) {
  return name.empty() ? kernels::select() : kernels::by_name(name);
}

std::uint32_t context_of(const formats::ModelConfig& config, std::uint32_t wanted) {
  return wanted != 0 ? wanted : std::min(config.max_context, default_context);
}

model::KvDtype kv_of(const std::string& name, model::KvDtype fallback) {
  if (name == "f16") {
    return model::KvDtype::f16;
  }
  return name == "f32" ? model::KvDtype::f32 : fallback;
}

Engine::Engine(const std::filesystem::path& path, const EngineOptions& options)
    : kernels_(select_kernels(options.kernels)),
      pool_(options.threads),
      bundle_(open_model(path)),
      model_(model::Model::load(bundle_, kernels_, pool_)),
      tokenizer_(tokenizer_of(bundle_)),
      adapter_(open_adapters(options.loras, bundle_)) {}

std::unique_ptr<model::Session> Engine::session(const SessionOptions& options) const {
  auto session =
      std::make_unique<model::Session>(*model_, context_of(model_->config(), options.context),
                                       kv_of(options.kv, model_->default_kv()));
  if (adapter_) {
    session->attach(adapter_);
  }
  return session;
}

}  // namespace crayon::cli
