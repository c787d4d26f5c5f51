#include "runtime/hybrid/assistant.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "base/error.h"
#include "runtime/hybrid/deadline.h"
#include "runtime/hybrid/local_run.h"
#include "runtime/hybrid/piece_sink.h"
#include "runtime/hybrid/router.h"

namespace crayon::hybrid {
namespace {

void check(const AskOptions& options, bool has_remote) {
  if (!(options.threshold >= 0.0 && options.threshold <= 1.0)) {
    throw Error(Code::bad_argument, fmt::format("threshold is {}", options.threshold),
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

/// What a pool's blend goes by: the last turn of the user, as the model reads it. A conversation
/// without one is its own query.
std::vector<formats::Token> query_of(std::span<const generation::Turn> turns,
                                     const tokenizer::Tokenizer& tokenizer) {
  const formats::ChatFormat& format = tokenizer.data().chat_format;
  for (std::size_t i = turns.size(); i-- > 0;) {
    if (turns[i].role == "user") {
      return generation::render(turns.subspan(i, 1), format, tokenizer);
    }
  }
  return generation::render(turns, format, tokenizer);
}

/// The local model with one conversation to go on with.
class LocalModel {
 public:
  LocalModel(generation::Generator& generator, const adapters::AdapterSet& adapters,
             std::span<const generation::Turn> turns, const AskOptions& options,
             const Deadline& deadline)
      : generator_(generator),
        deadline_(deadline),
        cancelled_(options.cancelled),
        context_(options.context),
        generate_(options.generate) {
    const tokenizer::Tokenizer& tokenizer = generator.tokenizer();
    const formats::ChatFormat& format = tokenizer.data().chat_format;
    prompt_ = generation::render(turns, format, tokenizer);
    generate_.stop.insert(generate_.stop.end(), format.stops.begin(), format.stops.end());
    adapters::Query query(generator.model(), query_of(turns, tokenizer));
    selection_ = adapters.select(query);
  }

  /// Generates until the end, the deadline, or when `on_progress` returns false.
  generation::Generated answer(const generation::OnProgress& on_progress) const {
    return generator_.generate(
        {.tokens = prompt_, .adapters = selection_.adapters, .context = context_}, generate_,
        [&](const generation::Progress& progress) {
          return on_progress(progress) && !cancelled() && !deadline_.passed();
        });
  }

  const adapters::Blend& blend() const { return selection_.blend; }
  bool cancelled() const { return cancelled_ != nullptr && *cancelled_; }
  std::uint32_t prompt_tokens() const { return static_cast<std::uint32_t>(prompt_.size()); }
  std::uint32_t count_tokens(std::string_view text) const {
    const tokenizer::Tokenizer& tokenizer = generator_.tokenizer();
    return static_cast<std::uint32_t>(tokenizer.encode(text, {.add_bos = false}).size());
  }

 private:
  generation::Generator& generator_;
  const Deadline& deadline_;
  const std::atomic<bool>* cancelled_;
  std::uint32_t context_;
  generation::GenerateOptions generate_;
  std::vector<formats::Token> prompt_;
  adapters::Selection selection_;
};

/// One question on its way to an answer.
class Asking {
 public:
  Asking(const LocalModel& local, const Remote& remote, const transport::ChatRequest& request,
         const AskOptions& options, const Deadline& deadline, const OnPiece& on_piece)
      : local_(local),
        remote_(remote),
        request_(request),
        options_(options),
        deadline_(deadline),
        sink_(on_piece) {}

  /// The local answer, shown as it comes.
  Answer local(std::string reason) {
    sink_.begin(Route::local);
    return local_answer(local_.answer(shown()), std::move(reason));
  }

  Answer automatic() {
    std::optional<Error> unable;
    generation::Generated kept;
    try {
      kept = local_.answer([](const generation::Progress&) { return true; });
    } catch (const Error& error) {
      if (error.code() != Code::context_full) {
        throw;
      }
      unable = error;  // a remote model may hold more
    }
    const Decision decision = decide(local_score(kept), options_.threshold);
    if (!unable && (!decision.offload || local_.cancelled())) {
      return kept_answer(std::move(kept), decision.reason);
    }
    const std::string failure = deadline_.passed() ? "no time left for the remote" : ask();
    if (failure.empty()) {
      return remote_answer(std::move(kept),
                           unable ? "too long for the local model" : decision.reason);
    }
    if (unable) {
      throw Error(unable->code(), fmt::format("{}; remote: {}", unable->what(), failure),
                  unable->hint());
    }
    return kept_answer(std::move(kept), failure);
  }

  Answer remote() {
    LocalRun net(
        [this](const generation::OnProgress& on_progress) { return local_.answer(on_progress); });
    const std::string failure = ask();
    if (failure.empty()) {
      return remote_answer({}, "asked for");
    }
    sink_.begin(Route::local);
    return local_answer(net.follow(shown()), failure);
  }

 private:
  generation::OnProgress shown() {
    return [this](const generation::Progress& progress) {
      sink_.push(progress.text, progress.tokens);
      return true;
    };
  }

  /// Asks the remote and shows what it says. Returns why that failed, or nothing.
  std::string ask() {
    asked_ = true;
    sink_.begin(Route::remote);
    RemoteAnswer answer = ask_remote(remote_, request_, deadline_, options_.cancelled,
                                     [this](std::string_view text) { sink_.push(text); });
    remote_cut_ = answer.cut;
    return std::move(answer.failure);
  }

  Answer kept_answer(generation::Generated kept, std::string reason) {
    sink_.begin(Route::local);
    sink_.push(kept.text, chosen_of(kept));
    return local_answer(std::move(kept), std::move(reason));
  }

  Answer local_answer(generation::Generated local, std::string reason) const {
    Answer answer = begin_answer(Route::local, std::move(reason));
    answer.completion_tokens = static_cast<std::uint32_t>(local.tokens.size());
    answer.score = local_score(local);
    answer.finish = local.finish;
    if (local_.cancelled()) {
      answer.reason = "cancelled";
    } else if (local.finish == generation::Finish::cancelled) {
      answer.finish = generation::Finish::length;
      answer.reason += fmt::format("; local answer cut off at {} ms", deadline_.total().count());
    }
    answer.local = std::move(local);
    return answer;
  }

  /// `local`: the answer that was not trusted, or an empty one.
  Answer remote_answer(generation::Generated local, std::string reason) const {
    Answer answer = begin_answer(Route::remote, std::move(reason));
    answer.completion_tokens = local_.count_tokens(answer.text);
    answer.score = local_score(local);
    answer.finish = remote_cut_ ? generation::Finish::length : generation::Finish::stop;
    answer.local = std::move(local);
    return answer;
  }

  Answer begin_answer(Route route, std::string reason) const {
    Answer answer;
    answer.text = sink_.text();
    answer.route = route;
    answer.reason = std::move(reason);
    answer.asked_remote = asked_;
    answer.threshold = options_.threshold;
    answer.prompt_tokens = local_.prompt_tokens();
    answer.blend = local_.blend();
    return answer;
  }

  const LocalModel& local_;
  const Remote& remote_;
  const transport::ChatRequest& request_;
  const AskOptions& options_;
  const Deadline& deadline_;
  PieceSink sink_;
  bool asked_ = false;
  bool remote_cut_ = false;
};

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
                     Remote remote)
    : local_(std::move(local)), adapters_(std::move(adapters)), remote_(std::move(remote)) {
  if (has_remote()) {
    chat_url(remote_);
  }
}

Answer Assistant::ask(std::span<const generation::Turn> turns, const AskOptions& options,
                      const OnPiece& on_piece) const {
  check(options, has_remote());
  const Deadline deadline(options.deadline);
  const adapters::AdapterSet& adapters = options.adapters ? *options.adapters : adapters_;
  const LocalModel local(*local_, adapters, turns, options, deadline);
  const transport::ChatRequest request = request_of(turns, remote_, options.generate);
  Asking asking(local, remote_, request, options, deadline, on_piece);
  switch (options.route) {
    case Route::local:
      return asking.local("asked for");
    case Route::remote:
      return asking.remote();
    case Route::automatic:
      break;
  }
  return has_remote() ? asking.automatic() : asking.local("no remote");
}

}  // namespace crayon::hybrid
