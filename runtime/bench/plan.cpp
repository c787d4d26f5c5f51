#include "runtime/bench/plan.h"

#include <algorithm>
#include <memory>

#include "base/process.h"
#include "base/random.h"
#include "runtime/model/batch.h"

namespace crayon::bench {
namespace {

constexpr double bandwidth_seconds = 0.1;  // of one measurement between the tests
constexpr int tokens_a_turn = 8;  // of a lane, so that it finds its own things in the cache

/// One test on its way through one lane, of which steps are timed.
class Run {
 public:
  Run(const Test& test, const Lane& lane)
      : prompt_(test.prompt),
        model_(*lane.model),
        sessions_(std::span(lane.sessions).first(test.sequences)),
        tokens_(random_tokens(test.prompt + test.decode, model_.config().vocab_size)),
        logits_(std::size_t{test.sequences} * model_.config().vocab_size) {
    for (model::Session* const session : sessions_) {
      session->rewind(0);
    }
    if (sessions_.size() > 1) {
      batch_ = std::make_unique<model::Batch>(model_);
    }
  }

  void prefill() {
    if (prompt_ != 0) {
      step(prompt_);
    }
  }
  void decode_one(Times& times) { times.token_seconds.push_back(step(1)); }
  bool is_done() const { return next_ == tokens_.size(); }
  double seconds() const { return seconds_; }

 private:
  /// The next `count` tokens, with the search for the best one behind them.
  double step(std::uint32_t count) {
    const double started = monotonic_seconds();
    forward(std::span(tokens_).subspan(next_, count));
    const std::size_t vocab = model_.config().vocab_size;
    for (std::size_t n = 0; n < sessions_.size(); ++n) {
      [[maybe_unused]] const volatile std::size_t best =
          best_of(std::span(logits_).subspan(n * vocab, vocab));
    }
    next_ += count;
    const double took = monotonic_seconds() - started;
    seconds_ += took;
    return took;
  }

  void forward(std::span<const Token> tokens) {
    if (!batch_) {
      return model_.forward(*sessions_.front(), tokens, model::Logits::last, logits_);
    }
    sequences_.clear();
    for (model::Session* const session : sessions_) {
      sequences_.push_back({session, tokens});
    }
    batch_->forward(sequences_, logits_);
  }

  std::uint32_t prompt_;
  const model::Model& model_;
  std::span<model::Session* const> sessions_;
  std::unique_ptr<model::Batch> batch_;  // of several sessions
  std::vector<model::Batch::Sequence> sequences_;
  std::vector<Token> tokens_;
  std::vector<float> logits_;
  std::size_t next_ = 0;
  double seconds_ = 0;
};

/// Calls f(i) for i below `count`, there in even turns and back in odd ones, so that who comes
/// first changes.
template <typename Function>
void there_or_back(std::size_t count, std::size_t turn, Function f) {
  for (std::size_t i = 0; i < count; ++i) {
    f(turn % 2 == 0 ? i : count - 1 - i);
  }
}

/// Lanes that follow each other and have the same threads: [first, end).
struct Group {
  std::size_t first, end;
};

std::vector<Group> groups_of(std::span<const Lane> lanes) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (groups.empty() || lanes[groups.back().first].threads != lanes[i].threads) {
      groups.push_back({i, i});
    }
    groups.back().end = i + 1;
  }
  return groups;
}

}  // namespace

std::string Test::name() const {
  std::string name = prompt != 0 ? "pp" + std::to_string(prompt) : "";
  if (decode != 0) {
    name += (name.empty() ? "tg" : "+tg") + std::to_string(decode);
  }
  return sequences == 1 ? name : name + " x " + std::to_string(sequences);
}

std::vector<double> Measurements::bandwidth_of(std::size_t lane) const {
  std::vector<double> of_lane;
  for (std::size_t at = lane; at < bandwidth.size(); at += lanes.size()) {
    of_lane.push_back(bandwidth[at]);
  }
  return of_lane;
}

std::vector<Token> random_tokens(std::uint32_t count, std::uint32_t vocabulary) {
  Random random(1);
  std::vector<Token> tokens(count);
  for (Token& token : tokens) {
    token = static_cast<Token>(random.next() % vocabulary);
  }
  return tokens;
}

std::size_t best_of(std::span<const float> logits) {
  return static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
}

void run_once(const Test& test, std::span<const Lane> lanes, std::size_t turn,
              std::span<Times> times) {
  std::vector<Run> runs;
  for (const Lane& lane : lanes) {
    runs.emplace_back(test, lane);
  }
  there_or_back(runs.size(), turn, [&](std::size_t lane) { runs[lane].prefill(); });
  for (; !runs.front().is_done(); ++turn) {
    there_or_back(runs.size(), turn, [&](std::size_t lane) {
      for (int token = 0; token < tokens_a_turn && !runs[lane].is_done(); ++token) {
        runs[lane].decode_one(times[lane]);
      }
    });
  }
  for (std::size_t lane = 0; lane < runs.size(); ++lane) {
    times[lane].seconds.push_back(runs[lane].seconds());
  }
}

Measurements run(std::span<const Test> tests, std::span<const Lane> lanes, int repetitions,
                 ReadBandwidth* bandwidth,
                 const std::function<void(std::uint64_t done, std::uint64_t all)>& on_step) {
  Measurements measured;
  const std::vector<Group> groups = groups_of(lanes);
  std::vector<std::vector<Times>> times(tests.size(), std::vector<Times>(lanes.size()));
  const std::uint64_t steps = tests.size() * static_cast<std::uint64_t>(repetitions);
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (std::size_t test = 0; test < tests.size(); ++test) {
      const auto turn = static_cast<std::size_t>(repetition);
      there_or_back(groups.size(), turn, [&](std::size_t g) {
        const std::size_t first = groups[g].first, count = groups[g].end - first;
        run_once(tests[test], lanes.subspan(first, count), turn,
                 std::span(times[test]).subspan(first, count));
      });
      on_step(static_cast<std::uint64_t>(repetition) * tests.size() + test + 1, steps);
    }
    for (std::size_t lane = 0; bandwidth != nullptr && lane < lanes.size(); ++lane) {
      measured.bandwidth.push_back(bandwidth->measure(*lanes[lane].threads, bandwidth_seconds));
    }
  }
  measured.lanes.resize(lanes.size());
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    for (std::vector<Times>& of_test : times) {
      measured.lanes[lane].push_back(std::move(of_test[lane]));
    }
  }
  return measured;
}

}  // namespace crayon::bench
