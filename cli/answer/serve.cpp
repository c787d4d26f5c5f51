#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/machine.h"
#include "base/process.h"
#include "base/service_notifier.h"
#include "cli/answer/hybrid_report.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/generation/batch_generator.h"
#include "serving/server.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::string name;
  std::string pool;  ///< for POST /v1/adapters/blend; empty: none
  std::uint32_t max_tokens = 4096;
  serving::ServeOptions serve;
  HybridOptions hybrid;
  std::uint32_t speculate = 0;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
};

generation::BatchOptions batch_options(const Options& options, const Engine& engine) {
  const model::Model& model = engine.model();
  return {.sequences = static_cast<std::uint32_t>(options.serve.parallel),
          .context = context_of(model.config(), options.session.context),
          .kv = kv_of(options.session.kv, model.default_kv()),
          .pot = to_pot_options(options.distill, engine.tokenizer())};
}

std::shared_ptr<const adapters::Pool> open_pool(const std::string& path,
                                                const formats::Bundle& base) {
  return path.empty() ? nullptr
                      : std::make_shared<const adapters::Pool>(
                            adapters::Pool::load(formats::Bundle::open(path), base));
}

/// What a request's whole way depends on and only the process or the machine knows.
std::vector<serving::Metrics::Gauge> gauges(const generation::BatchGenerator& generator) {
  std::vector<serving::Metrics::Gauge> all;
  const auto add = [&all](const char* name, const char* help, double value) {
    all.push_back({.name = name, .help = help, .labels = {}, .value = value});
  };
  const generation::BatchGenerator::Load load = generator.load();
  add("sequences_running", "Answers that the model is making.", static_cast<double>(load.running));
  add("sequences_waiting", "Answers that wait for a session.", static_cast<double>(load.waiting));
  add("resident_memory_bytes", "Memory of this process that is in RAM.",
      static_cast<double>(rss_bytes()));
  if (const std::optional<double> degrees = hottest(SystemFiles())) {
    add("temperature_celsius", "The machine's highest temperature.", *degrees);
  }
  return all;
}

/// Tells the service manager that the server runs, as long as it does: the event loop calls here,
/// and a model that has begun a step must have made one since long enough ago.
class Watchdog {
 public:
  Watchdog(const ServiceNotifier& notifier, const generation::BatchGenerator& generator)
      : notifier_(notifier), generator_(generator) {}

  void beat() {
    const generation::BatchGenerator::Load load = generator_.load();
    const double now = monotonic_seconds();
    if (load.running == 0 || load.steps != steps_) {
      steps_ = load.steps;
      moved_ = now;
    }
    if (!std::exchange(ready_, true)) {
      notifier_.send("READY=1");
    }
    if (now - moved_ < longest_step) {
      notifier_.send("WATCHDOG=1");
    }
  }

 private:
  /// Seconds that one step of a large model may take on a slow board.
  static constexpr double longest_step = 60;

  const ServiceNotifier& notifier_;
  const generation::BatchGenerator& generator_;
  bool ready_ = false;
  std::uint64_t steps_ = 0;
  double moved_ = monotonic_seconds();
};

/// Half of the time after which the service manager takes a silent process for dead; a second
/// where it does not watch.
std::chrono::milliseconds heartbeat_interval() {
  std::uint64_t microseconds = 0;
  if (const char* text = std::getenv("WATCHDOG_USEC")) {
    std::from_chars(text, text + std::strlen(text), microseconds);
  }
  return std::chrono::milliseconds(
      microseconds == 0 ? 1000 : std::clamp<std::uint64_t>(microseconds / 2000, 1, 3'600'000));
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string url_of(const transport::ServerOptions& http, std::uint16_t port) {
  if (!http.unix_path.empty()) {
    return "unix:" + http.unix_path;
  }
  const char* scheme = http.tls.certificate_file.empty() ? "http" : "https";
  return fmt::format("{}://{}:{}", scheme, http.host, port);
}

void say_where(const Options& options, const std::string& url, const std::string& name,
               const generation::BatchOptions& batch, const Engine& engine, const Common& common) {
  const model::MemoryEstimate memory = engine.memory(options.session, batch.pot, batch.sequences);
  const std::uint64_t sessions = memory.kv_cache + memory.scratch;
  if (common.json) {
    print_json({{"url", url},
                {"model", name},
                {"parallel", batch.sequences},
                {"context", batch.context},
                {"weight_bytes", memory.weights},
                {"session_bytes", sessions}});
    return;
  }
  print(fmt::format("serving {} at {}\n", name, url));
  note(fmt::format(
      "{} requests at once, {} positions each; {:.1f} MiB of weights and {:.1f} MiB of sessions; "
      "{} more may wait",
      batch.sequences, batch.context, static_cast<double>(memory.weights) / (1 << 20),
      static_cast<double>(sessions) / (1 << 20), options.serve.queue));
}

Exit serve(const Options& options, const Common& common) {
  EngineOptions engine_options = options.engine;
  engine_options.separate = true;
  const Engine engine(options.model, engine_options);
  const generation::BatchOptions batch = batch_options(options, engine);
  if (batch.pot.bounded()) {
    note_memory(engine.memory(options.session, batch.pot, batch.sequences));
  }
  const auto generator =
      std::make_shared<generation::BatchGenerator>(engine.model(), engine.tokenizer(), batch);
  const hybrid::Assistant assistant(generator, engine.adapters(), options.hybrid.remote,
                                    to_policy(options.hybrid, engine));
  const std::string name =
      options.name.empty() ? std::filesystem::path(options.model).stem().string() : options.name;
  serving::Service service{
      .generator = generator,
      .assistant = assistant,
      .models = serving::ServedModels(name, engine.adapters(), engine.adapter_names()),
      .ask = to_ask_options(options.hybrid),
      .max_tokens = options.max_tokens,
      .base = &engine.bundle(),
      .pool = open_pool(options.pool, engine.bundle())};
  service.ask.context = batch.context;
  service.ask.generate.speculate = options.speculate;
  serving::ServeOptions serve_options = options.serve;
  serve_options.gauges = [&generator] { return gauges(*generator); };
  const ServiceNotifier notifier(environment("NOTIFY_SOCKET"));
  Watchdog watchdog(notifier, *generator);
  if (notifier.present()) {
    serve_options.http.on_heartbeat = [&watchdog] { watchdog.beat(); };
    serve_options.http.heartbeat_interval = heartbeat_interval();
  }
  serving::Server server(serve_options, service);
  say_where(options, url_of(serve_options.http, server.port()), name, batch, engine, common);
  server.run();
  notifier.send("STOPPING=1");
  return Exit::ok;
}

}  // namespace

Action declare_serve(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command.add_option("--host", options->serve.http.host, "Address to listen at").show_default();
  command.add_option("--port", options->serve.http.port, "Port to listen at; 0: any free one")
      .show_default();
  command.add_option("--unix", options->serve.http.unix_path,
                     "A unix socket to listen at, in the place of host and port");
  command.add_option("--tls-cert", options->serve.http.tls.certificate_file,
                     "Certificate and chain (PEM): speak TLS 1.3 alone; with --tls-key");
  command.add_option("--tls-key", options->serve.http.tls.key_file, "The certificate's key (PEM)");
  command.add_option("--tls-client-ca", options->serve.http.tls.client_ca_file,
                     "Let in only clients with a certificate of these issuers (PEM)");
  command.add_option("--name", options->name,
                     "What /v1/models calls the model; default: the bundle's file name");
  command.add_option("--api-key", options->serve.api_key,
                     "What requests must bring as \"Authorization: Bearer KEY\"; better set in the "
                     "environment, where other users do not see it");
  command
      .add_option("--parallel", options->serve.parallel,
                  "Requests that are answered at once, each in a session of its own")
      .within(1u, generation::BatchOptions::most_sequences)
      .show_default();
  command
      .add_option("--queue", options->serve.queue,
                  "Requests that may wait; one more is answered with 429")
      .show_default();
  command.add_option("--max-tokens", options->max_tokens, "The most that a request may ask for")
      .show_default();
  command.add_option("--pool", options->pool,
                     "A pool bundle to blend for devices that send weights: POST "
                     "/v1/adapters/blend");
  command
      .add_option("--max-connections", options->serve.http.max_connections,
                  "Connections that may be open")
      .show_default();
  command
      .add_option("--idle-seconds", options->serve.http.idle_seconds,
                  "A connection without a request this long is closed")
      .show_default();
  add_speculate_option(command, options->speculate);
  add_hybrid_options(command, options->hybrid);
  add_policy_options(command, options->hybrid);
  add_answering_options(command, options->engine, options->session, options->distill);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return serve(*options, common); };
}

}  // namespace crayon::cli
