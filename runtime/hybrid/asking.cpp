#include "runtime/hybrid/asking.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "runtime/hybrid/safety_net.h"

namespace crayon::hybrid {
namespace {

using std::chrono::milliseconds;

/// Of the time that a local answer took so far, what the rest may take more: caches grow.
constexpr int slack_percent = 125;

}  // namespace

Asking::Asking(LocalModel& local, const Router& router, const AskOptions& options,
               const OnPiece& on_piece)
    : local_(local),
      router_(router),
      options_(options),
      watch_(router, {.adapters = &local.adapters(), .query = &local.query()}, options.explain),
      sink_(on_piece) {}

generation::OnProgress Asking::shown() {
  return [this](const generation::Progress& progress) {
    sink_.push(progress.text, progress.tokens);
    return true;
  };
}

/// The local answer, shown as it comes; `watched`: the router looks on.
generation::Generated Asking::shown_answer(bool watched) {
  sink_.begin(Route::local);
  if (!watched) {
    return local_.answer(shown());
  }
  watch_.begin();
  generation::Generated answer = local_.answer([this](const generation::Progress& progress) {
    watch_.see(progress);
    sink_.push(progress.text, progress.tokens);
    return true;
  });
  watch_.end();
  return answer;
}

Answer Asking::local(std::string reason) {
  return local_answer(shown_answer(options_.explain), std::move(reason));
}

Answer Asking::watched(std::string closed) {
  generation::Generated answer = shown_answer(true);
  return local_answer(std::move(answer),
                      watch_.decision().offload ? std::move(closed) : watch_.decision().reason);
}

Asking::Attempt Asking::attempt() {
  Attempt attempt;
  try {
    if (watch_.begin()) {
      return attempt;
    }
    attempt.answer = local_.answer([this](const generation::Progress& progress) {
      stopwatch_.see(progress);
      return !watch_.see(progress);
    });
    attempt.whole = !watch_.decision().offload;
  } catch (const Error& error) {
    if (error.code() != Code::context_full) {
      throw;
    }
    attempt.unable = error;  // a remote model may hold more
    return attempt;
  }
  if (attempt.whole) {
    watch_.end();
  } else if (attempt.answer.finish != generation::Finish::cancelled) {
    attempt.whole = true;  // the doubt came with its last token
  }
  return attempt;
}

Answer Asking::automatic(RemoteLink& link, const transport::ChatRequest& request) {
  Attempt tried = attempt();
  if (!tried.unable && (!watch_.decision().offload || local_.cancelled())) {
    return kept_answer(std::move(tried.answer), watch_.decision().reason);
  }
  if (!tried.unable && local_.deadline().passed()) {
    return kept_answer(std::move(tried.answer), "no time left for the remote");
  }
  return hand_over(std::move(tried), link, request);
}

Answer Asking::hand_over(Attempt attempt, RemoteLink& link, const transport::ChatRequest& request) {
  std::optional<SafetyNet> net;
  if (!attempt.unable && !attempt.whole) {
    net.emplace(
        [this](const generation::OnProgress& on_progress) { return local_.answer(on_progress); },
        net_delay());
  }
  const std::string failure = ask(link, request);
  if (failure.empty()) {
    return remote_answer(std::move(attempt.answer), attempt.unable ? "too long for the local model"
                                                                   : watch_.decision().reason);
  }
  if (attempt.unable) {
    throw Error(attempt.unable->code(),
                fmt::format("{}; remote: {}", attempt.unable->what(), failure),
                attempt.unable->hint());
  }
  if (!net) {
    return kept_answer(std::move(attempt.answer), failure);
  }
  sink_.begin(Route::local);
  return local_answer(net->follow(shown()), failure);
}

/// Half of the time that is left is the remote's alone, unless the local model is known to need
/// more than the other half.
milliseconds Asking::net_delay() const {
  const milliseconds left = local_.deadline().left();
  const auto whole = stopwatch_.whole(local_.max_tokens());
  if (!whole) {
    return left / 2;
  }
  return std::clamp(left - *whole * slack_percent / 100, milliseconds(0), left / 2);
}

Answer Asking::remote(RemoteLink& link, const transport::ChatRequest& request) {
  SafetyNet net(
      [this](const generation::OnProgress& on_progress) { return local_.answer(on_progress); },
      milliseconds(0));
  const std::string failure = ask(link, request);
  if (failure.empty()) {
    return remote_answer({}, "asked for");
  }
  sink_.begin(Route::local);
  return local_answer(net.follow(shown()), failure);
}

/// Asks the remote and shows what it says. Returns why that failed, or nothing.
std::string Asking::ask(RemoteLink& link, const transport::ChatRequest& request) {
  asked_ = true;
  sink_.begin(Route::remote);
  RemoteAnswer answer = link.ask(request, local_.deadline(), options_.cancelled,
                                 [this](std::string_view text) { sink_.push(text); });
  remote_cut_ = answer.cut;
  return std::move(answer.failure);
}

Answer Asking::kept_answer(generation::Generated kept, std::string reason) {
  sink_.begin(Route::local);
  sink_.push(kept.text, chosen_of(kept));
  return local_answer(std::move(kept), std::move(reason));
}

Answer Asking::local_answer(generation::Generated local, std::string reason) const {
  Answer answer = begin_answer(Route::local, std::move(reason), local);
  answer.completion_tokens = static_cast<std::uint32_t>(local.tokens.size());
  answer.finish = local.finish;
  if (local_.cancelled()) {
    answer.reason = "cancelled";
  } else if (local.finish == generation::Finish::cancelled) {
    answer.finish = generation::Finish::length;
    answer.reason +=
        fmt::format("; local answer cut off at {} ms", local_.deadline().total().count());
  }
  answer.local = std::move(local);
  return answer;
}

/// `local`: the answer that was not trusted, or an empty one.
Answer Asking::remote_answer(generation::Generated local, std::string reason) const {
  Answer answer = begin_answer(Route::remote, std::move(reason), local);
  answer.completion_tokens = local_.count_tokens(answer.text);
  answer.finish = remote_cut_ ? generation::Finish::length : generation::Finish::stop;
  answer.local = std::move(local);
  return answer;
}

Answer Asking::begin_answer(Route route, std::string reason,
                            const generation::Generated& local) const {
  Answer answer;
  answer.text = sink_.text();
  answer.route = route;
  answer.reason = std::move(reason);
  answer.asked_remote = asked_;
  answer.decision = watch_.decision();
  answer.signals = watch_.readings();
  const bool decided = !answer.decision.signal.empty();
  answer.score = decided ? answer.decision.score : local.confidence();
  answer.threshold = decided ? answer.decision.threshold : router_.rules().back().threshold;
  answer.prompt_tokens = local_.prompt_tokens();
  answer.blend = local_.blend();
  return answer;
}

}  // namespace crayon::hybrid
