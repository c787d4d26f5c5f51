#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "serving/server.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  serving::ServeOptions serve;
  HybridOptions hybrid;
  std::uint32_t speculate = 0;
  EngineOptions engine;
};

Exit serve(const Options& options, const Common& common) {
  serving::ServeOptions serve_options = options.serve;
  serve_options.ask = to_ask_options(options.hybrid);
  serve_options.ask.generate.speculate = options.speculate;
  if (serve_options.model_name.empty()) {
    serve_options.model_name = std::filesystem::path(options.model).stem().string();
  }
  const Engine engine(options.model, options.engine);
  const hybrid::Assistant assistant(
      std::make_shared<generation::SessionGenerator>(engine.model(), engine.tokenizer()),
      engine.adapters(), options.hybrid.remote);
  serving::Server server(serve_options, assistant);
  const std::string url = fmt::format("http://{}:{}", serve_options.http.host, server.port());
  if (common.json) {
    print_json({{"url", url}, {"model", serve_options.model_name}});
  } else {
    print(fmt::format("serving {} at {}\n", serve_options.model_name, url));
  }
  server.run();
  return Exit::ok;
}

}  // namespace

Action declare_serve(CLI::App& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle")->required();
  command.add_option("--host", options->serve.http.host, "Address to listen at")
      ->capture_default_str();
  command.add_option("--port", options->serve.http.port, "Port to listen at; 0: any free one")
      ->capture_default_str();
  command.add_option("--name", options->serve.model_name,
                     "What /v1/models calls the model; default: the bundle's file name");
  command
      .add_option("--queue", options->serve.queue,
                  "Requests that may wait; one more is answered with 429")
      ->capture_default_str();
  command
      .add_option("--max-tokens", options->serve.max_tokens, "The most that a request may ask for")
      ->capture_default_str();
  command
      .add_option("--max-connections", options->serve.http.max_connections,
                  "Connections that may be open")
      ->capture_default_str();
  command
      .add_option("--idle-seconds", options->serve.http.idle_seconds,
                  "A connection without a request this long is closed")
      ->capture_default_str();
  add_speculate_option(command, options->speculate);
  add_hybrid_options(command, options->hybrid);
  add_adapter_option(command, options->engine);
  add_prior_options(command, options->engine);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return serve(*options, common); };
}

}  // namespace crayon::cli
