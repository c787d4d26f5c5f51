#include "runtime/model/batch.h"

#include <algorithm>
#include <vector>

#include "runtime/model/input_checks.h"
#include "runtime/model/transformer.h"

namespace crayon::model {

struct Batch::State {
  explicit State(const Weights& its_weights)
      : weights(its_weights),
        sizes(its_weights.config, its_weights.config.max_context),
        scratch(sizes) {}

  void check(std::span<const float> logits);
  /// The next tokens of a sequence, and of those that can go with it. They fill `parts`.
  void collect(std::size_t first);
  void run_step();

  const Weights& weights;
  ScratchSizes sizes;
  Scratch scratch;
  std::span<const Sequence> sequences;
  std::vector<std::size_t> done;    // [sequences] tokens that have run
  std::vector<StepPart> parts;      // of a step
  std::vector<std::size_t> owners;  // [parts] their sequences
  std::vector<std::size_t> rows;    // [sequences] of those that want logits, their place among them
  std::size_t wanted = 0;           // how many those are
  AlignedArray<float> last;         // [wanted][dim] residual stream of each last token
};

void Batch::State::check(std::span<const float> logits) {
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    check_continuation(*sequences[i].session, sequences[i].tokens, weights);
    for (std::size_t j = 0; j < i; ++j) {
      if (sequences[i].session == sequences[j].session) {
        throw Error(Code::bad_argument, "a session occurs twice in a batch",
                    "give each session all its tokens at once");
      }
    }
  }
  rows.clear();
  wanted = 0;
  for (const Sequence& sequence : sequences) {
    rows.push_back(wanted);
    wanted += sequence.wants_logits ? 1 : 0;
  }
  check_logits(logits, wanted, weights.config);
}

void Batch::State::collect(std::size_t first) {
  parts.clear();
  owners.clear();
  const AdapterTable& adapters = sequences[first].session->state().adapters;
  std::size_t taken = 0;
  for (std::size_t i = first; i < sequences.size() && taken < sizes.batch; ++i) {
    Session::State& session = sequences[i].session->state();
    const std::size_t left = sequences[i].tokens.size() - done[i];
    if (left == 0 || (i != first && !adapters.shares_factors(session.adapters))) {
      continue;
    }
    const std::size_t count = std::min<std::size_t>(left, sizes.batch - taken);
    parts.push_back({&session, sequences[i].tokens.subspan(done[i], count), taken});
    owners.push_back(i);
    taken += count;
  }
  adapters.reserve(sizes.batch, scratch.linear.low_rank);
}

void Batch::State::run_step() {
  Step(weights, scratch, parts).run(weights.config.layers);
  const std::size_t dim = weights.config.dim;
  for (std::size_t n = 0; n < parts.size(); ++n) {
    const std::size_t owner = owners[n];
    done[owner] += parts[n].tokens.size();
    if (sequences[owner].wants_logits && done[owner] == sequences[owner].tokens.size()) {
      std::copy_n(scratch.residual.data() + (parts[n].range().end - 1) * dim, dim,
                  last.data() + rows[owner] * dim);
    }
  }
}

Batch::Batch(const Model& model) : state_(std::make_unique<State>(model.weights())) {}

Batch::~Batch() = default;

ThreadPool& Batch::pool() const {
  return *state_->weights.compute.pool;
}

void Batch::forward(std::span<const Sequence> sequences, std::span<float> logits) {
  State& state = *state_;
  const formats::ModelConfig& config = state.weights.config;
  state.sequences = sequences;
  state.check(logits);
  state.done.assign(sequences.size(), 0);
  state.last.reserve(state.wanted * config.dim);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    while (state.done[i] != sequences[i].tokens.size()) {
      state.collect(i);
      state.run_step();
    }
  }
  for (std::size_t row = 0; row < state.wanted; row += state.sizes.batch) {
    write_logits(state.weights, state.last.data() + row * config.dim,
                 std::min<std::size_t>(state.sizes.batch, state.wanted - row),
                 logits.data() + row * config.vocab_size, state.scratch);
  }
}

}  // namespace crayon::model
