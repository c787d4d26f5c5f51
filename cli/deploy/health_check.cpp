#include "cli/deploy/health_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/process.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "runtime/generation/generator.h"
#include "runtime/model/image.h"

namespace crayon::cli {
namespace {

using formats::Token;

/// What a model is asked that came without golden tokens.
constexpr const char* any_prompt = "Hello";
constexpr std::size_t any_tokens = 8;
constexpr unsigned any_seconds = 60;

void write_image_unless_there(const std::filesystem::path& path, const EngineOptions& options) {
  const kernels::KernelSet& kernels = select_kernels(options.kernels);
  const formats::Bundle bundle = formats::Bundle::open(path);
  if (model::image_state(bundle, kernels) == "fits") {
    return;
  }
  ThreadPool pool(options.threads, placement_of(options).cpus);
  const double started = monotonic_seconds();
  const std::filesystem::path image = model::write_image(bundle, {&kernels, &pool});
  note(fmt::format("packed image: {}, {:.2f} s", bytes_text(std::filesystem::file_size(image)),
                   monotonic_seconds() - started));
}

/// With all that belongs to the model, so that what does not load is found now.
EngineOptions with_members(EngineOptions options, const store::Deployment& deployment) {
  options.separate = true;
  for (const store::Member& member : deployment.members) {
    if (member.role != store::model_role) {
      options.loras.push_back(deployment.file(member.role).string());
    }
  }
  return options;
}

void try_deployment(const store::Deployment& deployment, const HealthOptions& options) {
  const std::filesystem::path path = deployment.file(store::model_role);
  write_image_unless_there(path, options.engine);
  const double started = monotonic_seconds();
  const Engine engine(path, with_members(options.engine, deployment));
  const store::Golden golden =
      deployment.golden.value_or(store::Golden{engine.model().id(), any_prompt, {}, any_seconds});
  const std::size_t count = golden.tokens.empty() ? any_tokens : golden.tokens.size();
  const double limit = options.seconds != 0 ? options.seconds : static_cast<double>(golden.seconds);
  const std::vector<Token> tokens = golden_tokens(engine, golden.prompt, count, started, limit);
  const double took = monotonic_seconds() - started;
  if (tokens.size() < count || took > limit) {
    throw Error(
        Code::unhealthy,
        fmt::format("deployment {} gave {} of {} tokens in {:.1f} s, and {:g} s are allowed",
                    deployment.number, tokens.size(), count, took, limit),
        "stop what else runs, or allow more with --seconds");
  }
  const auto differs = std::mismatch(golden.tokens.begin(), golden.tokens.end(), tokens.begin());
  if (differs.first != golden.tokens.end()) {
    throw Error(
        Code::unhealthy,
        fmt::format("deployment {} answers the golden prompt with token {} at {}, where the "
                    "golden one is {}",
                    deployment.number, *differs.second, differs.first - golden.tokens.begin(),
                    *differs.first),
        "it is not the model that the golden tokens were made with, or this machine "
        "computes wrongly: see crayon doctor");
  }
  note(fmt::format("health: {} in {:.2f} s",
                   golden.tokens.empty() ? "it answers, and there are no golden tokens to compare"
                                         : fmt::format("{} golden tokens", count),
                   took));
}

}  // namespace

std::vector<Token> golden_tokens(const Engine& engine, const std::string& prompt, std::size_t count,
                                 double started, double seconds) {
  const std::vector<Token> tokens = engine.tokenizer().encode(prompt, {.add_bos = true});
  SessionOptions session_options;
  session_options.context = static_cast<std::uint32_t>(
      std::min<std::size_t>(engine.model().config().max_context, tokens.size() + count));
  const auto session = engine.bare_session(session_options);
  generation::GenerateOptions options;
  options.max_tokens = static_cast<std::uint32_t>(count);
  options.ignore_end = true;
  const auto in_time = [&](const generation::Progress&) {
    return monotonic_seconds() - started <= seconds;
  };
  return generation::generate(engine.model(), engine.tokenizer(), *session, tokens, options,
                              in_time)
      .tokens;
}

void add_health_options(Command& command, HealthOptions& options) {
  command.add_option("--seconds", options.seconds,
                     "What loading and the golden answer may take; else the golden file says");
  command.add_flag("--check,!--no-check", options.check,
                   "See that it answers as it should before it may, which is the default");
  add_engine_options(command, options.engine);
}

store::HealthCheck health_check(const HealthOptions& options) {
  return [options](const store::Deployment& deployment) {
    if (options.check) {
      try_deployment(deployment, options);
    }
  };
}

}  // namespace crayon::cli
