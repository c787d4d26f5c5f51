#include "cli/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "cli/examples.h"
#include "cli/placement.h"
#include "formats/hash.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "store/store.h"

namespace crayon::cli {
namespace {

const char* article(formats::BundleKind kind) {
  const char first = *formats::kind_name(kind);
  return first == 'a' || first == 'e' ? "an" : "a";
}

formats::Bundle open_model(const std::filesystem::path& argument) {
  const std::filesystem::path path = store::model_file(argument);
  formats::Bundle bundle = formats::Bundle::open(path);
  if (bundle.info().kind != formats::BundleKind::model) {
    throw Error(Code::bad_argument,
                fmt::format("{} holds {} {}, not a model", path.string(),
                            article(bundle.info().kind), formats::kind_name(bundle.info().kind)),
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

/// Adapters as the command line names them, put together one by one.
class AdapterLoader {
 public:
  /// `tau`: in the place of a pool's own.
  AdapterLoader(const formats::Bundle& base, std::optional<float> tau) : base_(base), tau_(tau) {}

  void add(const LoraArgument& lora) {
    const formats::Bundle bundle = formats::Bundle::open(lora.path);
    ++count_;
    identify(bundle.id(), lora.scale);
    routing_ = bundle.info().routing;  // it is about this adapter alone, at its own scale
    if (lora.scale != 1.0f) {
      routing_.reset();
    }
    switch (bundle.info().kind) {
      case formats::BundleKind::adapter:
        sources_.push_back({formats::read_adapter(bundle, 0, base_), lora.scale});
        names_.push_back(std::filesystem::path(lora.path).stem().string());
        if (const auto& scope = sources_.back().first.scope) {
          set_.scopes.push_back(*scope);
        }
        return;
      case formats::BundleKind::pool:
        add_pool(bundle, lora);
        return;
      case formats::BundleKind::model:
      case formats::BundleKind::state:
      case formats::BundleKind::encoder:
      case formats::BundleKind::gallery:
        break;
    }
    throw Error(Code::bad_argument,
                fmt::format("{} is {} {}, not an adapter", lora.path, article(bundle.info().kind),
                            formats::kind_name(bundle.info().kind)),
                "name a bundle that `crayon pack-adapter`, `blend` or `pack-pool` made");
  }

  /// Of all that was added, in its order; zeros: nothing.
  formats::Hash id() const {
    return identity_.empty() ? formats::Hash{} : formats::hash_of(identity_);
  }

  /// One adapter each, with the name of its file; they can be weighed anew.
  adapters::AdapterSet finish_apart(std::vector<std::string>& names) {
    for (const auto& [source, scale] : sources_) {
      const adapters::Part part{&source, 1.0f};
      set_.fixed.push_back({adapters::combine({&part, 1}, base_), scale});
    }
    names = std::move(names_);
    return finish_set();
  }

  /// All in one, which is fastest.
  adapters::AdapterSet finish() {
    std::vector<adapters::Part> parts;
    for (const auto& [source, scale] : sources_) {
      parts.push_back({&source, scale});
    }
    if (!parts.empty()) {
      set_.fixed.push_back({adapters::combine(parts, base_)});
    }
    return finish_set();
  }

 private:
  void identify(const formats::Hash& bundle, float scale) {
    identity_.insert(identity_.end(), bundle.begin(), bundle.end());
    const ByteSpan bytes = as_bytes(std::span<const float>(&scale, 1));
    identity_.insert(identity_.end(), bytes.begin(), bytes.end());
  }

  adapters::AdapterSet finish_set() {
    if (count_ == 1) {
      set_.routing = routing_;
    }
    return std::move(set_);
  }

  void add_pool(const formats::Bundle& bundle, const LoraArgument& lora) {
    if (set_.pool) {
      throw Error(Code::bad_argument, fmt::format("{} is a second pool", lora.path),
                  "use one pool; make adapters of others with `crayon blend`");
    }
    adapters::Pool pool = adapters::Pool::load(bundle, base_);
    pool.tau = tau_.value_or(pool.tau);
    set_.pool.emplace(pool, base_, lora.scale);
  }

  const formats::Bundle& base_;
  const std::optional<float> tau_;
  std::vector<std::pair<formats::AdapterSource, float>> sources_;
  std::vector<std::string> names_;  // [sources]
  adapters::AdapterSet set_;
  std::vector<std::uint8_t> identity_;  // ids and scales
  std::size_t count_ = 0;
  std::optional<formats::Routing> routing_;  // of the last one
};

adapters::AdapterSet open_adapters(const EngineOptions& options, const formats::Bundle& base,
                                   std::vector<std::string>& names, formats::Hash& id) {
  AdapterLoader loader(base, options.tau);
  for (const std::string& argument : options.loras) {
    loader.add(parse_lora(argument));
  }
  id = loader.id();
  return options.separate ? loader.finish_apart(names) : loader.finish();
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
  if (name == "i8") {
    return model::KvDtype::i8;
  }
  return name == "f32" ? model::KvDtype::f32 : fallback;
}

Engine::Engine(const std::filesystem::path& path, const EngineOptions& options)
    : kernels_(select_kernels(options.kernels)),
      pool_(options.threads, place_threads(options).cpus),
      bundle_(open_model(path)),
      model_(model::Model::load(bundle_, kernels_, pool_)),
      tokenizer_(tokenizer_of(bundle_, options.chat_format)),
      adapters_(open_adapters(options, bundle_, adapter_names_, adapters_id_)) {
  if (!options.examples.empty()) {
    set_prior(options);
  } else if (options.prior) {
    throw Error(Code::bad_argument, "--prior without examples", "add --examples FILE.jsonl");
  }
  if (options.tau && !adapters_.pool) {
    throw Error(Code::bad_argument, "--tau without a pool", "add --adapter POOL");
  }
}

void Engine::set_prior(const EngineOptions& options) {
  if (!adapters_.pool) {
    throw Error(Code::bad_argument, "--examples without a pool",
                "add --adapter POOL, or blend an adapter first: crayon blend");
  }
  const formats::Embedding kind = adapters_.pool->embedding();
  const std::vector<std::string> texts = read_examples(options.examples);
  const std::vector<float> embeddings = adapters::embed(*model_, tokenizer_, texts, kind);
  adapters_.pool->set_prior(embeddings, options.prior.value_or(1.0f));
}

std::uint32_t Engine::context(const SessionOptions& options) const {
  return context_of(model_->config(), options.context);
}

model::MemoryEstimate Engine::memory(const SessionOptions& options, const context::PotOptions& pot,
                                     std::uint64_t sessions) const {
  model::MemoryEstimate memory = model::Model::estimate(bundle_.info(), kernels_, context(options),
                                                        kv_of(options.kv, model_->default_kv()));
  memory.kv_cache *= sessions;
  memory.scratch += context::Pot::bytes(*model_, context(options), pot);
  memory.scratch *= sessions;
  return memory;
}

std::unique_ptr<model::Session> Engine::bare_session(const SessionOptions& options) const {
  return std::make_unique<model::Session>(*model_, context(options),
                                          kv_of(options.kv, model_->default_kv()));
}

std::unique_ptr<model::Session> Engine::session(const SessionOptions& options,
                                                std::span<const formats::Token> query) const {
  auto session = bare_session(options);
  adapters::Query asked(*model_, {query.begin(), query.end()});
  session->attach(adapters_.select(asked).adapters);
  return session;
}

}  // namespace crayon::cli
