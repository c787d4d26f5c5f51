#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arguments/command.h"
#include "runtime/context/pot.h"
#include "runtime/engine/session_options.h"
#include "runtime/eval/scored_text.h"
#include "runtime/generation/sampler.h"
#include "runtime/hybrid/assistant.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::cli {

using arguments::Command;

// Arguments that several verbs share. Each add_ function declares them on a verb's subcommand,
// so that a flag has one name, one meaning and one help text everywhere.

/// What a model runs on.
struct EngineOptions {
  std::size_t threads;             ///< 1 and above
  bool pin = true;                 ///< to the fastest cores
  std::string kernels;             ///< a kernel set's name; empty: the best that runs here
  std::vector<std::string> loras;  ///< as --adapter takes them: "PATH" or "PATH=SCALE"
  bool separate = false;           ///< adapters stay apart, so that requests can choose among them
  std::string examples;            ///< a JSONL file that says beforehand what queries are like
  std::optional<float> prior;      ///< how much it says; absent: as much as the query itself
  std::optional<float> tau;        ///< temperature of a pool's blend; absent: the pool's
  std::string chat_format;         ///< a preset's name; empty: the model's
  EngineOptions();
};
void add_engine_options(Command& command, EngineOptions& options);
void add_pin_option(Command& command, EngineOptions& options);
void add_adapter_option(Command& command, EngineOptions& options);
/// --chat-format, for verbs that ask a model something.
void add_chat_format_option(Command& command, std::string& name);
/// --examples, --prior and --tau, for verbs that a pool can serve.
void add_prior_options(Command& command, EngineOptions& options);

using engine::default_context;
using engine::SessionOptions;
void add_session_options(Command& command, SessionOptions& options);
void add_kv_option(Command& command, SessionOptions& options);

/// How a context makes room when it is full.
struct DistillOptions {
  std::string rule = "none";
  float keep = 0.5f;
  float surprise_share = 0.5f;
  std::string surprise = "sampled";
  std::string catalyst = context::default_catalyst;
};
/// --distill, --keep, --surprise-share, --surprise and --catalyst.
void add_distill_options(Command& command, DistillOptions& options);
/// With the catalyst in the model's tokens.
context::PotOptions to_pot_options(const DistillOptions& options,
                                   const tokenizer::Tokenizer& tokenizer);

/// What verbs that answer take besides: --adapter, and the options of priors, sessions and
/// distilling.
void add_answering_options(Command& command, EngineOptions& engine, SessionOptions& session,
                           DistillOptions& distill);

void add_sampler_options(Command& command, generation::SamplerOptions& options);

/// --speculate, for verbs that generate text.
void add_speculate_option(Command& command, std::uint32_t& guesses);

/// A text on the command line or in a file.
struct TextInput {
  std::optional<std::string> text;  ///< -p
  std::optional<std::string> file;  ///< -f; "-" is standard input
};
void add_text_input(Command& command, TextInput& input);
/// The text. Throws bad_argument unless exactly one of -p and -f was given.
std::string read(const TextInput& input);

/// What of a text starts afresh, and what counts.
void add_scoring_options(Command& command, eval::TextScoring& scoring);

/// When a question goes to a larger model, and where that is.
struct HybridOptions {
  hybrid::Remote remote;
  std::string route = "auto";
  std::optional<double> threshold;  ///< absent: the adapter's own rule, or else the default
  std::uint32_t deadline_ms = 30000;
  std::string never;  ///< a JSONL file of what must stay here; empty: nothing in particular
  hybrid::BudgetLimits budget;
  hybrid::RetryOptions retry;
  transport::TlsOptions tls;  ///< of the remote
};
/// CRAYON_REMOTE_API_KEY, or empty: a command line can be read by others.
std::string remote_api_key();
void add_hybrid_options(Command& command, HybridOptions& options);
/// --remote-ca, --remote-cert and --remote-key.
void add_remote_tls_options(Command& command, transport::TlsOptions& options);
/// With the environment's proxies. Throws bad_argument for one that is none, and for files of `tls`
/// what make_tls_context() does.
transport::ClientOptions to_client_options(const transport::TlsOptions& tls);
/// What an assistant goes by besides its models, for verbs that make one.
void add_policy_options(Command& command, HybridOptions& options);
/// Throws bad_argument when the route is "remote" and there is no remote.
hybrid::AskOptions to_ask_options(const HybridOptions& options);

/// "PATH" or "PATH=SCALE", split. An "=" in front of a "/" belongs to the path.
struct LoraArgument {
  std::string path;
  float scale = 1.0f;
};
LoraArgument parse_lora(const std::string& argument);

}  // namespace crayon::cli
