#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "cli/answer/hybrid_report.h"
#include "cli/examples.h"
#include "cli/options.h"

namespace crayon::cli {

std::string remote_api_key() {
  const char* const key = std::getenv("CRAYON_REMOTE_API_KEY");
  return key == nullptr ? "" : key;
}

void add_hybrid_options(Command& command, HybridOptions& options) {
  options.remote.api_key = remote_api_key();
  command.add_option("--remote", options.remote.url,
                     "Larger model behind an OpenAI-compatible API, as http://host:port, "
                     "https://host:port or unix:/path");
  add_remote_tls_options(command, options.tls);
  command.add_option("--model", options.remote.model, "Name of the model at the remote");
  command
      .add_option("--route", options.route,
                  "auto: the remote gets what the local model is not sure of")
      .one_of({"auto", "local", "remote"})
      .show_default();
  command
      .add_option("--threshold", options.threshold,
                  fmt::format("Confidence below which an answer is offered to the remote; default: "
                              "what the adapter was calibrated to, or else {}",
                              hybrid::default_threshold))
      .within(0.0, 1.0);
  command
      .add_option("--deadline", options.deadline_ms,
                  "Milliseconds until the local answer is given instead of the remote's")
      .within(1, 24 * 60 * 60 * 1000)
      .show_default();
}

void add_remote_tls_options(Command& command, transport::TlsOptions& options) {
  command.add_option("--remote-ca", options.ca_file,
                     "Trust only certificates of this file (PEM) or issued by them, not the "
                     "system's authorities");
  command.add_option("--remote-cert", options.certificate_file,
                     "Certificate to show to the remote (PEM); with --remote-key");
  command.add_option("--remote-key", options.key_file, "The certificate's key (PEM)");
}

transport::ClientOptions to_client_options(const transport::TlsOptions& tls) {
  if (!tls.ca_file.empty() || !tls.certificate_file.empty() || !tls.key_file.empty()) {
    transport::make_tls_context(
        tls);  // a file that is wrong is said now, not as a remote's failure
  }
  return {.tls = tls, .proxies = transport::ProxySettings::from_environment()};
}

void add_policy_options(Command& command, HybridOptions& options) {
  command.add_option(
      "--never", options.never,
      "JSONL file with examples of what must stay here: questions like them never go "
      "to the remote");
  command
      .add_option("--requests-per-hour", options.budget.requests_per_hour,
                  "Requests to the remote that any hour may see; 0: no limit")
      .show_default();
  command
      .add_option("--bytes-per-hour", options.budget.bytes_per_hour,
                  "Bytes to and from the remote that any hour may see; 0: no limit")
      .show_default();
  command
      .add_option("--bytes-per-day", options.budget.bytes_per_day,
                  "Bytes to and from the remote that any day may see; 0: no limit")
      .show_default();
  command
      .add_option("--attempts", options.retry.attempts,
                  "How often the remote is asked when it refuses, breaks off or is overloaded")
      .within(1, 100)
      .show_default();
}

hybrid::Policy to_policy(const HybridOptions& options, const Engine& engine) {
  hybrid::Policy policy;
  policy.link.budget = options.budget;
  policy.link.retry = options.retry;
  if (!options.remote.url.empty()) {
    policy.link.client = to_client_options(options.tls);
  }
  if (!options.never.empty()) {
    policy.never = std::make_shared<const hybrid::Topics>(engine.model(), engine.tokenizer(),
                                                          read_examples(options.never));
  }
  return policy;
}

hybrid::AskOptions to_ask_options(const HybridOptions& options) {
  if (options.route == "remote" && options.remote.url.empty()) {
    throw Error(Code::bad_argument, "--route remote needs a remote",
                "add --remote http://host:port");
  }
  hybrid::AskOptions ask;
  ask.route = options.route == "local"    ? hybrid::Route::local
              : options.route == "remote" ? hybrid::Route::remote
                                          : hybrid::Route::automatic;
  ask.threshold = options.threshold;
  ask.deadline = std::chrono::milliseconds(options.deadline_ms);
  return ask;
}

}  // namespace crayon::cli
