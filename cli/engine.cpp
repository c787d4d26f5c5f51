#include "cli/engine.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/examples.h"
#include "cli/placement.h"
#include "runtime/adapters/adapters.h"
#include "runtime/engine/adapter_loader.h"
#include "store/store.h"

namespace crayon::cli {
namespace {

/// Adds the adapter or the pool of an argument.
void add(const LoraArgument& lora, const EngineOptions& options, const formats::Bundle& base,
         engine::AdapterLoader& loader) {
  const formats::Bundle bundle = formats::Bundle::open(lora.path);
  switch (bundle.info().kind) {
    case formats::BundleKind::pool: {
      engine::LoadedPool pool = engine::load_pool(bundle, base);
      pool.pool.tau = options.tau.value_or(pool.pool.tau);
      loader.add(pool, lora.scale, lora.path);
      return;
    }
    case formats::BundleKind::adapter:
      loader.add(std::make_shared<engine::LoadedAdapter>(engine::load_adapter(bundle, base)),
                 lora.scale);
      return;
    case formats::BundleKind::model:
    case formats::BundleKind::state:
    case formats::BundleKind::encoder:
    case formats::BundleKind::gallery:
      break;
  }
  throw Error(
      Code::bad_argument,
      fmt::format("{} is {}, not an adapter", lora.path, engine::kind_in_words(bundle.info().kind)),
      "name a bundle that `crayon pack-adapter`, `blend` or `pack-pool` made");
}

}  // namespace

const kernels::KernelSet& select_kernels(const std::string& name) {
  return name.empty() ? kernels::select() : kernels::by_name(name);
}

engine::EngineOptions to_engine_options(const EngineOptions& options) {
  return {.threads = options.threads,
          .cpus = place_threads(options).cpus,
          .kernels = std::string(select_kernels(options.kernels).name),
          .chat_format = options.chat_format};
}

Engine::Engine(const std::filesystem::path& path, const EngineOptions& options)
    : engine::Engine(formats::Bundle::open(store::model_file(path)), to_engine_options(options)) {
  open_adapters(options);
  if (!options.examples.empty()) {
    set_prior(options);
  } else if (options.prior) {
    throw Error(Code::bad_argument, "--prior without examples", "add --examples FILE.jsonl");
  }
  if (options.tau && !adapters_.pool) {
    throw Error(Code::bad_argument, "--tau without a pool", "add --adapter POOL");
  }
}

void Engine::open_adapters(const EngineOptions& options) {
  engine::AdapterLoader loader(bundle());
  for (const std::string& argument : options.loras) {
    add(parse_lora(argument), options, bundle(), loader);
  }
  adapters_id_ = loader.id();
  adapters_ = options.separate ? loader.finish_apart(adapter_names_) : loader.finish();
}

void Engine::set_prior(const EngineOptions& options) {
  if (!adapters_.pool) {
    throw Error(Code::bad_argument, "--examples without a pool",
                "add --adapter POOL, or blend an adapter first: crayon blend");
  }
  const formats::Embedding kind = adapters_.pool->embedding();
  const std::vector<std::string> texts = read_examples(options.examples);
  const std::vector<float> embeddings = adapters::embed(model(), tokenizer(), texts, kind);
  adapters_.pool->set_prior(embeddings, options.prior.value_or(1.0f));
}

std::unique_ptr<model::Session> Engine::session(const SessionOptions& options,
                                                std::span<const formats::Token> query) const {
  auto session = bare_session(options);
  adapters::Query asked(model(), {query.begin(), query.end()});
  session->attach(adapters_.select(asked).adapters);
  return session;
}

}  // namespace crayon::cli
