#include "runtime/generation/batch_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/start_thread.h"
#include "runtime/generation/lane.h"
#include "runtime/model/batch.h"

namespace crayon::generation {
namespace {

using RequestQueue = std::deque<std::shared_ptr<Request>>;

/// What would otherwise be noticed in a step, which others share.
void check_prompt(std::span<const Token> tokens, const formats::ModelConfig& config) {
  if (tokens.empty()) {
    throw Error(Code::bad_argument, "the prompt is empty", "give it a token at least");
  }
  for (const Token token : tokens) {
    if (token < 0 || static_cast<std::uint32_t>(token) >= config.vocab_size) {
      throw Error(Code::bad_argument,
                  fmt::format("the prompt has a token {}, outside of the vocabulary of {}", token,
                              config.vocab_size),
                  "use the tokenizer of this model");
    }
  }
}

/// Ends an answer with the exception that is being handled, unless it has ended.
void fail(Lane& lane) {
  if (!lane.idle()) {
    lane.fail(std::current_exception());
  }
}

/// Ends an answer that has not begun.
void cancel(Request& request) {
  Generated nothing;
  nothing.finish = Finish::cancelled;
  nothing.prompt_tokens = static_cast<std::uint32_t>(request.prompt.size());
  request.queue.finish(std::move(nothing));
}

}  // namespace

struct BatchGenerator::State {
  State(const model::Model& its_model, const tokenizer::Tokenizer& tokenizer,
        const BatchOptions& options);
  ~State();

  void run();
  /// Waits until there is something to do. False: the generator ends.
  bool wait();
  void admit();
  Lane& lane_for(const Request& request);
  void begin(const std::shared_ptr<Request>& request);
  std::vector<Lane*> lanes_at_work();
  void step(std::span<Lane* const> at_work);
  void step_together(std::span<Lane* const> at_work);
  void plan(std::span<Lane* const> at_work);
  void hand_out();

  const model::Model& model;
  const BatchOptions options;
  model::Batch batch;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::uint64_t begun = 0;  // requests
  // Of a step.
  std::vector<Lane*> planned;
  std::vector<model::Batch::Sequence> sequences;  // [planned]
  std::vector<float> logits;                      // [planned that want some][vocab]
  std::vector<std::span<const float>> behind;     // [planned] its logits, or none

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  RequestQueue waiting;
  bool closed = false;
  std::atomic<std::size_t> running = 0;
  std::atomic<std::uint64_t> steps = 0;
  std::thread thread;  // last: it uses all of the above
};

BatchGenerator::State::State(const model::Model& its_model, const tokenizer::Tokenizer& tokenizer,
                             const BatchOptions& its_options)
    : model(its_model), options(its_options), batch(its_model) {
  if (options.sequences < 1 || options.sequences > BatchOptions::most_sequences) {
    throw Error(Code::bad_argument, fmt::format("{} answers at once", options.sequences),
                fmt::format("choose 1 to {}", BatchOptions::most_sequences));
  }
  for (std::uint32_t i = 0; i < options.sequences; ++i) {
    lanes.push_back(
        std::make_unique<Lane>(model, tokenizer, options.context, options.kv, options.pot));
  }
  thread = start_thread([this] { run(); });
}

BatchGenerator::State::~State() {
  {
    const std::lock_guard lock(mutex);
    closed = true;
  }
  changed.notify_one();
  thread.join();
}

void BatchGenerator::State::run() {
  while (wait()) {
    admit();
    const std::vector<Lane*> at_work = lanes_at_work();
    if (!at_work.empty()) {
      step(at_work);
      ++steps;
    }
    running = lanes_at_work().size();
  }
  for (Lane* lane : lanes_at_work()) {
    lane->cancel();
  }
  const std::lock_guard lock(mutex);
  for (const auto& request : std::exchange(waiting, {})) {
    cancel(*request);
  }
}

bool BatchGenerator::State::wait() {
  std::unique_lock lock(mutex);
  if (running == 0) {
    changed.wait(lock, [this] { return closed || !waiting.empty(); });
  }
  return !closed;
}

/// Gives as many as possible of those that wait a lane, the first come first.
void BatchGenerator::State::admit() {
  std::size_t idle = lanes.size() - lanes_at_work().size();
  RequestQueue admitted;
  {
    const std::lock_guard lock(mutex);
    std::erase_if(waiting, [](const auto& request) {
      const bool unwanted = request->queue.cancelled();
      if (unwanted) {
        cancel(*request);
      }
      return unwanted;
    });
    for (; idle > 0 && !waiting.empty(); --idle) {
      admitted.push_back(std::move(waiting.front()));
      waiting.pop_front();
    }
  }
  for (const auto& request : admitted) {
    begin(request);
  }
}

/// The idle lane that holds most of the prompt, unless more than half of what it holds would be
/// lost to it: a conversation may come back. Then the one that has been idle longest.
Lane& BatchGenerator::State::lane_for(const Request& request) {
  Lane* best = nullptr;
  std::tuple<std::size_t, std::uint64_t> most;
  for (const auto& lane : lanes) {
    if (!lane->idle()) {
      continue;
    }
    const std::size_t reused = lane->reusable(request);
    const std::tuple use(2 * reused >= lane->held() ? reused : 0, ~lane->used_last());
    if (best == nullptr || use > most) {
      best = lane.get();
      most = use;
    }
  }
  return *best;
}

void BatchGenerator::State::begin(const std::shared_ptr<Request>& request) {
  try {
    lane_for(*request).begin(request, ++begun);
  } catch (...) {
    request->queue.fail(std::current_exception());
  }
}

std::vector<Lane*> BatchGenerator::State::lanes_at_work() {
  std::vector<Lane*> at_work;
  for (const auto& lane : lanes) {
    if (!lane->idle()) {
      at_work.push_back(lane.get());
    }
  }
  return at_work;
}

void BatchGenerator::State::step(std::span<Lane* const> at_work) {
  try {
    if (at_work.size() == 1 && at_work[0]->speculates() && !at_work[0]->prefilling()) {
      at_work[0]->advance_alone();
    } else {
      step_together(at_work);
    }
  } catch (...) {
    for (Lane* lane : at_work) {
      fail(*lane);
    }
  }
}

/// Who decodes comes first, so that a prefill cannot hold it up; it gets what the step has left.
void BatchGenerator::State::plan(std::span<Lane* const> at_work) {
  planned.clear();
  sequences.clear();
  std::size_t left = model::prefill_batch;
  for (const bool prefilling : {false, true}) {
    for (Lane* lane : at_work) {
      if (lane->prefilling() != prefilling || left == 0) {
        continue;
      }
      const std::span<const Token> tokens = lane->next(left);
      left -= tokens.size();
      planned.push_back(lane);
      sequences.push_back({&lane->session(), tokens, lane->wants_logits()});
    }
  }
}

void BatchGenerator::State::step_together(std::span<Lane* const> at_work) {
  plan(at_work);
  const std::size_t vocab = model.config().vocab_size;
  const auto rows = static_cast<std::size_t>(
      std::ranges::count_if(sequences, &model::Batch::Sequence::wants_logits));
  logits.resize(std::max(logits.size(), rows * vocab));
  batch.forward(sequences, std::span(logits).first(rows * vocab));
  for (Lane* lane : planned) {
    lane->ran();
  }
  hand_out();
}

/// Gives each lane its logits. They choose their next tokens on all threads: looking through a
/// large vocabulary, once for each of many answers, takes a good part of a step.
void BatchGenerator::State::hand_out() {
  const std::size_t vocab = model.config().vocab_size;
  behind.clear();
  std::span<const float> rest = logits;
  for (const model::Batch::Sequence& sequence : sequences) {
    behind.push_back(rest.first(sequence.wants_logits ? vocab : 0));
    rest = rest.subspan(behind.back().size());
  }
  const auto take = [this](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      try {
        planned[i]->took(behind[i]);
      } catch (...) {
        fail(*planned[i]);
      }
    }
  };
  batch.pool().parallel_for(planned.size(), 1, std::cref(take));
}

BatchGenerator::BatchGenerator(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                               const BatchOptions& options)
    : Generator(model, tokenizer), state_(std::make_unique<State>(model, tokenizer, options)) {}

BatchGenerator::~BatchGenerator() = default;

Generated BatchGenerator::generate(const Prompt& prompt, const GenerateOptions& options,
                                   const OnProgress& on_progress) {
  check_prompt(prompt.tokens, model().config());
  check_emphasis(prompt.emphasis, prompt.tokens.size());
  const std::uint32_t context = state_->options.pot.bounded()
                                    ? state_->options.context
                                    : context_for(prompt, state_->options.context);
  const auto request = std::make_shared<Request>();
  request->prompt.assign(prompt.tokens.begin(), prompt.tokens.end());
  request->adapters.assign(prompt.adapters.begin(), prompt.adapters.end());
  request->context = context;
  request->pinned = prompt.pinned;
  request->weights.assign(prompt.emphasis.weights.begin(), prompt.emphasis.weights.end());
  request->first_layer = prompt.emphasis.first_layer;
  request->options = options;
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(request);
  }
  state_->changed.notify_one();
  return request->queue.follow(on_progress);
}

BatchGenerator::Load BatchGenerator::load() const {
  const std::lock_guard lock(state_->mutex);
  return {.running = state_->running, .waiting = state_->waiting.size(), .steps = state_->steps};
}

}  // namespace crayon::generation
