// Sessions that go through the layers together: each as if it were alone.

#include "runtime/model/batch.h"

#include <gtest/gtest.h>

#include "runtime/adapters/adapters.h"
#include "runtime/model/session_state.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::Dtype;
using formats::Token;
using model::Batch;
using model::KvDtype;
using model::Session;
using test::code_of;
using Adapters = std::vector<model::WeightedAdapter>;

formats::ModelConfig windowed_config() {
  formats::ModelConfig config = test::tiny_config();
  config.window = 20;
  config.windowed = {true, false};
  return config;
}

formats::ModelConfig learned_positions_config() {
  formats::ModelConfig config = test::tiny_config();
  config.positions = formats::Positions::learned;
  return config;
}

/// A model and three adapters, the second of a few projections alone.
struct Case {
  explicit Case(Dtype dtype, const formats::ModelConfig& config = test::tiny_config())
      : packed(test::random_source(config, 301), dtype) {
    for (std::uint32_t n = 0; n < 3; ++n) {
      formats::AdapterSource source = test::random_adapter(config, 3 + 5 * n, 0.7f, 310 + n);
      if (n == 1) {
        source.factors.resize(2);
      }
      const Part part{&source, 1.0f};
      adapters.push_back(combine({&part, 1}, packed.bundle));
    }
  }

  Adapters weighted(const std::vector<float>& weights) const {
    Adapters result;
    for (std::size_t n = 0; n < weights.size(); ++n) {
      result.push_back({adapters[n], weights[n]});
    }
    return result;
  }
  /// What the sessions of a batch run with: nothing, the same three with other weights, and others.
  std::vector<Adapters> different() const {
    return {{},
            weighted({1, 0, 0}),
            weighted({0.2f, 0.3f, 0.5f}),
            {},
            weighted({0, 0, -1}),
            weighted({0, 0, 0}),
            weighted({1}),
            {{adapters[2], 0.5f}, {adapters[1], 1.0f}, {adapters[0], 1.0f}}};
  }

  const test::Packed packed;
  std::vector<std::shared_ptr<const model::Adapter>> adapters;
};

/// Sessions in a batch beside twins that run alone.
class Twins {
 public:
  static constexpr std::uint32_t context = 256;

  Twins(const model::Model& model, const std::vector<Adapters>& adapters)
      : model_(model), batch_(model) {
    for (const Adapters& each : adapters) {
      for (auto* sessions : {&together_, &alone_}) {
        sessions->push_back(std::make_unique<Session>(model, context, KvDtype::f16));
        sessions->back()->attach(each);
      }
    }
  }

  /// So many random tokens for each session; none for those with 0.
  void expect_same_bits(const std::vector<std::size_t>& counts) {
    const std::size_t vocab = model_.config().vocab_size;
    std::vector<std::vector<Token>> tokens;
    std::vector<Batch::Sequence> sequences;
    std::vector<float> expected;
    for (std::size_t n = 0; n < counts.size(); ++n) {
      tokens.push_back(test::random_tokens(counts[n], model_.config().vocab_size, ++seed_));
      if (counts[n] == 0) {
        continue;
      }
      std::vector<float> logits(vocab);
      model_.forward(*alone_[n], tokens[n], model::Logits::last, logits);
      expected.insert(expected.end(), logits.begin(), logits.end());
    }
    for (std::size_t n = 0; n < counts.size(); ++n) {
      if (counts[n] != 0) {
        sequences.push_back({together_[n].get(), tokens[n]});
      }
    }
    std::vector<float> logits(sequences.size() * vocab, -1.0f);
    batch_.forward(sequences, logits);
    EXPECT_EQ(logits, expected);
    for (std::size_t n = 0; n < counts.size(); ++n) {
      EXPECT_EQ(together_[n]->position(), alone_[n]->position());
    }
  }

 private:
  const model::Model& model_;
  Batch batch_;
  std::vector<std::unique_ptr<Session>> together_, alone_;
  std::uint64_t seed_ = 320;
};

/// Prompts from one token to more than a step, then decoding, then some that join with a prompt.
void expect_as_alone(const Case& of, unsigned threads) {
  ThreadPool pool(threads);
  const auto model = of.packed.load(pool);
  Twins twins(*model, of.different());
  twins.expect_same_bits({5, 1, 100, 60, 33, 7, 2, 97});
  for (int step = 0; step < 5; ++step) {
    twins.expect_same_bits({1, 1, 1, 1, 1, 1, 1, 1});
  }
  twins.expect_same_bits({1, 40, 0, 1, 0, 96, 1, 1});
  twins.expect_same_bits({0, 0, 1, 0, 0, 0, 0, 0});
}

class BatchOf : public testing::TestWithParam<Dtype> {};

TEST_P(BatchOf, DifferentSessionsGivesEachTheBitsThatItGetsAlone) {
  const Case of(GetParam());
  for (const unsigned threads : {1u, 3u}) {
    expect_as_alone(of, threads);
  }
}

INSTANTIATE_TEST_SUITE_P(, BatchOf, testing::Values(Dtype::f32, Dtype::i8, Dtype::i4),
                         [](const auto& value) { return std::string(dtype_name(value.param)); });

TEST(BatchTest, PositionsAreEachSessionsOwn) {
  expect_as_alone(Case(Dtype::i8, windowed_config()), 2);
  expect_as_alone(Case(Dtype::i8, learned_positions_config()), 2);
}

TEST(BatchTest, SessionsWithTheSameInt8FactorsShareSteps) {
  ThreadPool pool(1);
  for (const Dtype dtype : {Dtype::i8, Dtype::f32}) {
    const Case of(dtype);
    const auto model = of.packed.load(pool);
    const auto share = [&](const Adapters& a, const Adapters& b) {
      Session first(*model, 8, KvDtype::f16), second(*model, 8, KvDtype::f16);
      first.attach(a);
      second.attach(b);
      return first.state().adapters.shares_factors(second.state().adapters);
    };
    EXPECT_TRUE(share({}, {}));
    EXPECT_EQ(share(of.weighted({1, 2, 3}), of.weighted({0, 0, 1})), dtype == Dtype::i8);
    EXPECT_FALSE(share(of.weighted({1, 2, 3}), of.weighted({1, 2})));
    EXPECT_FALSE(share(of.weighted({1, 2, 3}), {}));
    EXPECT_FALSE(share({}, of.weighted({1, 2, 3})));
  }
}

TEST(BatchTest, WatchersSeeTheirSessionAlone) {
  ThreadPool pool(2);
  const Case of(Dtype::i8);
  const auto model = of.packed.load(pool);
  using Seen = std::vector<float>;
  const auto watch = [](Session& session, Seen& seen) {
    session.watch([&seen](std::uint32_t, formats::Projection, std::span<const float> inputs) {
      seen.insert(seen.end(), inputs.begin(), inputs.end());
    });
  };
  const std::vector<Token> tokens{3, 1, 4, 1, 5};
  std::vector<float> logits(2 * model->config().vocab_size);
  Session first(*model, 8, KvDtype::f32), second(*model, 8, KvDtype::f32);
  Seen together, alone;
  watch(second, together);
  const std::vector<Batch::Sequence> sequences{{&first, {tokens.data(), 2}}, {&second, tokens}};
  Batch(*model).forward(sequences, logits);
  Session twin(*model, 8, KvDtype::f32);
  watch(twin, alone);
  model->forward(twin, tokens, model::Logits::none, {});
  EXPECT_EQ(together, alone);
}

TEST(BatchTest, RefusesWhatOneSessionCannotRunAndLeavesAllAsTheyWere) {
  ThreadPool pool(1);
  const Case of(Dtype::i8);
  const auto model = of.packed.load(pool);
  const auto twin = of.packed.load(pool);
  const std::size_t vocab = model->config().vocab_size;
  Session good(*model, 8, KvDtype::f16), small(*model, 1, KvDtype::f16);
  Session strange(*twin, 8, KvDtype::f16);
  const std::vector<Token> two{1, 2}, bad{1, static_cast<Token>(vocab)};
  std::vector<float> logits(2 * vocab);
  Batch batch(*model);
  const auto code = [&](Batch::Sequence second, std::size_t rows = 2) {
    const std::vector<Batch::Sequence> sequences{{&good, two}, second};
    return code_of([&] { batch.forward(sequences, {logits.data(), rows * vocab}); });
  };
  EXPECT_EQ(code({&small, two}), Code::context_full);
  EXPECT_EQ(code({&small, bad}), Code::bad_argument);
  EXPECT_EQ(code({&small, {}}), Code::bad_argument);
  EXPECT_EQ(code({&strange, two}), Code::bad_argument);
  EXPECT_EQ(code({&good, two}), Code::bad_argument);
  EXPECT_EQ(code({&small, {two.data(), 1}}, 1), Code::bad_argument);
  EXPECT_EQ(good.position(), 0u);
  EXPECT_EQ(small.position(), 0u);
  batch.forward({}, {});
}

}  // namespace
}  // namespace crayon::adapters
