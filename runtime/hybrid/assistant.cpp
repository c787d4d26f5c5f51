#include "runtime/hybrid/assistant.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "runtime/hybrid/asking.h"
#include "runtime/hybrid/deadline.h"
#include "runtime/hybrid/local_model.h"

namespace crayon::hybrid {
namespace {

void check(const AskOptions& options, bool has_remote) {
  const double threshold = options.threshold.value_or(default_threshold);
  if (!(threshold >= 0.0 && threshold <= 1.0)) {
    throw Error(Code::bad_argument, fmt::format("threshold is {}", threshold),
                "use a number from 0 (never offload) to 1 (nearly always)");
  }
  if (options.deadline.count() <= 0) {
    throw Error(Code::bad_argument, fmt::format("deadline is {} ms", options.deadline.count()),
                "use at least 1 ms");
  }
  if (options.route == Route::remote && !has_remote) {
    throw Error(Code::bad_argument, "route is remote, and there is no remote model",
                "name one, or use route automatic");
  }
  generation::check(options.generate.sampler);
}

/// The float as the shortest decimal that means it, so that 0.7f is sent as 0.7.
double shortest(float value) {
  return std::stod(fmt::format("{}", value));
}

transport::ChatRequest request_of(std::span<const generation::Turn> turns, const Remote& remote,
                                  const generation::GenerateOptions& options) {
  transport::ChatRequest request;
  request.model = remote.model;
  for (const generation::Turn& turn : turns) {
    request.messages.push_back({.role = turn.role, .content = turn.content});
  }
  request.stream = true;
  request.max_tokens = options.max_tokens;
  request.temperature = shortest(options.sampler.temperature);
  request.top_p = shortest(options.sampler.top_p);
  request.top_k = options.sampler.top_k;
  request.min_p = shortest(options.sampler.min_p);
  request.repetition_penalty = shortest(options.sampler.repetition_penalty);
  request.seed = options.sampler.seed;
  request.stop = options.stop;
  request.json_object = options.json;
  return request;
}

/// As the adapters' routing data says, or by confidence.
Router router_of(const adapters::AdapterSet& adapters) {
  return adapters.routing ? Router::calibrated(*adapters.routing)
                          : Router::plain(default_threshold);
}

/// What of the router goes for one question.
Router router_for(const AskOptions& options, const Router& usual) {
  if (options.threshold) {
    return Router::plain(*options.threshold);
  }
  return options.adapters != nullptr ? router_of(*options.adapters) : usual;
}

}  // namespace

std::vector<generation::Chosen> chosen_of(const generation::Generated& answer) {
  std::vector<generation::Chosen> all;
  for (std::size_t i = 0; i < answer.tokens.size(); ++i) {
    all.push_back({.token = {answer.tokens[i], answer.log_probabilities[i]}, .likeliest = {}});
    if (i < answer.likeliest.size()) {
      all.back().likeliest = answer.likeliest[i];
    }
  }
  return all;
}

Assistant::Assistant(std::shared_ptr<generation::Generator> local, adapters::AdapterSet adapters,
                     Remote remote, Policy policy)
    : local_(std::move(local)),
      adapters_(std::move(adapters)),
      never_(std::move(policy.never)),
      link_(std::make_shared<RemoteLink>(std::move(remote), policy.link)),
      router_(router_of(adapters_)) {}

/// Of every turn of the user, as all of them would be sent.
std::optional<Decision> Assistant::private_topic(std::span<const generation::Turn> turns) const {
  if (!never_) {
    return std::nullopt;
  }
  const tokenizer::Tokenizer& tokenizer = local_->tokenizer();
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (turns[i].role != "user") {
      continue;
    }
    adapters::Query query(
        local_->model(),
        generation::render(turns.subspan(i, 1), tokenizer.data().chat_format, tokenizer));
    const double closeness = never_->closeness(query.embedding(never_->kind()));
    if (!(closeness < never_->threshold())) {
      return Decision{.offload = false,
                      .signal = "never_topic",
                      .stage = Stage::before,
                      .score = closeness,
                      .threshold = never_->threshold(),
                      .reason = "a topic that stays local"};
    }
  }
  return std::nullopt;
}

Answer Assistant::ask(std::span<const generation::Turn> turns, const AskOptions& options,
                      const OnPiece& on_piece) const {
  check(options, has_remote());
  const Deadline deadline(options.deadline);
  const adapters::AdapterSet& adapters = options.adapters ? *options.adapters : adapters_;
  LocalModel local(*local_, adapters, turns, options, deadline);
  const Router router = router_for(options, router_);
  Asking asking(local, router, options, on_piece);
  if (options.route == Route::local) {
    return asking.local("asked for");
  }
  if (!has_remote()) {
    return asking.local("no remote");
  }
  if (const auto decision = private_topic(turns)) {
    Answer answer = asking.local(decision->reason);
    answer.decision = *decision;
    answer.score = decision->score;
    answer.threshold = decision->threshold;
    return answer;
  }
  const transport::ChatRequest request = request_of(turns, link_->remote(), options.generate);
  if (const std::string refusal = link_->refusal(request); !refusal.empty()) {
    return options.route == Route::remote ? asking.local(refusal) : asking.watched(refusal);
  }
  return options.route == Route::remote ? asking.remote(*link_, request)
                                        : asking.automatic(*link_, request);
}

}  // namespace crayon::hybrid
