// Adapters beside the base against the same adapters merged into it, in float64.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>

#include "runtime/adapters/adapters.h"
#include "tests/runtime/adapters/whole_sum.h"
#include "tests/runtime/model/decode_check.h"
#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::Dtype;
using formats::Token;
using model::KvDtype;

// Of logits with a deviation of about 2: a few times what float32 rounding makes of them.
constexpr double tolerance = 2e-5;

class Lora : public testing::Test {
 protected:
  std::vector<float> logits(std::shared_ptr<const model::Adapter> adapter) const {
    return test::all_logits(*model_, tokens_, KvDtype::f32, std::move(adapter));
  }
  std::vector<double> truth(const std::vector<test::DenseDelta>& deltas) const {
    return test::reference_logits(source_, tokens_, deltas);
  }
  std::shared_ptr<const model::Adapter> one(const AdapterSource& adapter, float weight) const {
    const Part part{&adapter, weight};
    return combine({&part, 1}, packed_.bundle);
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const formats::ModelSource source_ = test::random_source(config_, 51);
  const test::Packed packed_{source_, Dtype::f32};
  ThreadPool pool_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(20, config_.vocab_size, 52);
  const AdapterSource adapter_ = test::random_adapter(config_, 3, 1.5f, 53);
};

TEST_F(Lora, IsTheDenseMerge) {
  const std::vector<double> with = truth(test::merged(adapter_, 1.0));
  EXPECT_GT(test::largest_difference(logits(nullptr), with), 1.0) << "the adapter does nothing";
  EXPECT_LT(test::largest_difference(logits(one(adapter_, 1.0f)), with), tolerance);
}

TEST_F(Lora, WeightsScaleIt) {
  EXPECT_LT(
      test::largest_difference(logits(one(adapter_, 0.5f)), truth(test::merged(adapter_, 0.5))),
      tolerance);
}

TEST_F(Lora, WeightZeroIsNoAdapterToTheBit) {
  const std::vector<float> none = logits(nullptr);
  const std::vector<float> zero = logits(one(adapter_, 0.0f));
  EXPECT_EQ(std::memcmp(none.data(), zero.data(), none.size() * sizeof(float)), 0);
}

TEST_F(Lora, EveryProjectionCountsAlone) {
  for (const formats::SourceLora& factor : adapter_.factors) {
    AdapterSource alone = adapter_;
    alone.factors = {factor};
    EXPECT_LT(test::largest_difference(logits(one(alone, 1.0f)), truth(test::merged(alone, 1.0))),
              tolerance)
        << formats::projection(factor.layer, factor.projection);
  }
}

TEST_F(Lora, APoolBlendedByTheRuleIsTheDenseSum) {
  std::vector<AdapterSource> pool;
  std::vector<float> indicators;  // [4][query_dim]
  for (std::uint64_t n = 0; n < 4; ++n) {
    const auto rank = static_cast<std::uint32_t>(2 + n);
    pool.push_back(test::random_adapter(config_, rank, 0.5f, 60 + n));
    const auto tokens = test::random_tokens(4, config_.vocab_size, 70 + n);
    const std::vector<float> indicator = model_->query_embedding(tokens);
    indicators.insert(indicators.end(), indicator.begin(), indicator.end());
  }
  const Blend blend =
      crayon_rule(model_->query_embedding(tokens_), indicators, config_.query_dim(), 0.3f);

  std::vector<Part> parts;
  std::vector<test::DenseDelta> deltas;
  for (std::size_t n = 0; n < pool.size(); ++n) {
    EXPECT_GT(blend.weights[n], 0.01f);
    parts.push_back({&pool[n], blend.weights[n]});
    for (test::DenseDelta& delta : test::merged(pool[n], static_cast<double>(blend.weights[n]))) {
      deltas.push_back(std::move(delta));
    }
  }
  const auto blended = combine(parts, packed_.bundle);
  EXPECT_EQ(blended->at(0, formats::Projection::q).rank, 2u + 3 + 4 + 5);
  const std::vector<double> dense = truth(deltas);
  EXPECT_LT(test::largest_difference(logits(blended), dense), tolerance);

  // The same as an adapter that can be packed, sent and loaded.
  const AdapterSource single = test::whole(Sum(parts, "blend"));
  EXPECT_EQ(single.rank, 2u + 3 + 4 + 5);
  EXPECT_EQ(single.scale, 1.0f);
  const auto path = packed_.folder / "blend.crayon";
  formats::pack_adapter(single, packed_.bundle, path);
  const AdapterSource loaded =
      formats::read_adapter(formats::Bundle::open(path), 0, packed_.bundle);
  EXPECT_LT(test::largest_difference(logits(one(loaded, 1.0f)), dense), tolerance);
}

TEST_F(Lora, DecodeIsPrefillOnEveryNumberOfThreads) {
  const model::WeightedAdapter alone{one(test::random_adapter(config_, 40, 0.2f, 54), 1.0f)};
  test::expect_decode_is_prefill(packed_, tokens_, logits(alone.adapter),
                                 [&](model::Session& session) {
                                   session.attach({&alone, 1});
                                 });
}

/// Three adapters of unlike ranks, one of them on two projections only, as a session has them.
class WeightedSum : public Lora {
 protected:
  WeightedSum() {
    for (std::uint32_t n = 0; n < 3; ++n) {
      sources_.push_back(test::random_adapter(config_, 3 + 5 * n, 0.7f, 80 + n));
    }
    sources_[1].factors.resize(2);
    for (const AdapterSource& source : sources_) {
      adapters_.push_back({one(source, 1.0f), 0.0f});
    }
  }

  std::vector<float> logits(std::array<float, 3> weights) {
    model::Session session(*model_, 64, KvDtype::f32);
    attach(session, weights);
    std::vector<float> all(tokens_.size() * config_.vocab_size);
    model_->forward(session, tokens_, model::Logits::all, all);
    return all;
  }
  void attach(model::Session& session, std::array<float, 3> weights) {
    for (std::size_t n = 0; n < 3; ++n) {
      adapters_[n].weight = weights[n];
    }
    session.attach(adapters_);
  }

  std::vector<AdapterSource> sources_;
  std::vector<model::WeightedAdapter> adapters_;
};

TEST_F(WeightedSum, IsTheDenseSum) {
  for (const std::array<float, 3> weights :
       {std::array{0.5f, 0.3f, 0.2f}, {0.0f, 0.0f, 1.0f}, {0.9f, 0.0f, -0.4f}}) {
    std::vector<test::DenseDelta> deltas;
    for (std::size_t n = 0; n < 3; ++n) {
      for (test::DenseDelta& delta : test::merged(sources_[n], double{weights[n]})) {
        deltas.push_back(std::move(delta));
      }
    }
    EXPECT_LT(test::largest_difference(logits(weights), truth(deltas)), tolerance);
  }
}

TEST_F(WeightedSum, OneOfWeightOneIsThatAdapterToTheBit) {
  EXPECT_EQ(logits({0, 0, 1}), Lora::logits(one(sources_[2], 1.0f)));
  EXPECT_EQ(logits({0, 0, 0}), Lora::logits(nullptr));
}

TEST_F(WeightedSum, DecodeIsPrefillOnEveryNumberOfThreads) {
  const std::array weights{0.5f, 0.3f, 0.2f};
  test::expect_decode_is_prefill(packed_, tokens_, logits(weights),
                                 [&](model::Session& session) { attach(session, weights); });
}

TEST_F(WeightedSum, RefusesWeightsThatAreNotFinite) {
  model::Session session(*model_, 8, KvDtype::f32);
  EXPECT_EQ(test::code_of([&] { attach(session, {1, std::nanf(""), 0}); }), Code::bad_argument);
}

TEST_F(Lora, CanBeTakenOffAgain) {
  model::Session session(*model_, 64, KvDtype::f32);
  const model::WeightedAdapter alone{one(adapter_, 1.0f)};
  session.attach({&alone, 1});
  std::vector<float> with(config_.vocab_size);
  model_->forward(session, tokens_, model::Logits::last, with);
  session.attach({});
  session.rewind(0);
  std::vector<float> without(config_.vocab_size);
  model_->forward(session, tokens_, model::Logits::last, without);
  EXPECT_NE(with, without);
  const std::vector<float> none = logits(nullptr);
  EXPECT_TRUE(std::equal(without.rbegin(), without.rend(), none.rbegin()));
}

TEST_F(Lora, RefusesFactorsThatDoNotFit) {
  const auto code = [&](const auto& change) {
    AdapterSource bent = adapter_;
    change(bent);
    return test::code_of([&] { one(bent, 1.0f); });
  };
  EXPECT_EQ(code([](AdapterSource& a) { a.factors[3].layer = 2; }), Code::bad_shape);
  EXPECT_EQ(code([](AdapterSource& a) { a.factors[3].a.pop_back(); }), Code::bad_shape);
  EXPECT_EQ(code([](AdapterSource& a) { a.factors[3].b.push_back(1); }), Code::bad_shape);
  EXPECT_EQ(code([](AdapterSource& a) { a.factors[3].rank += 1; }), Code::bad_shape);
  EXPECT_EQ(code([](AdapterSource& a) { a.scale = std::numeric_limits<float>::infinity(); }),
            Code::bad_argument);
}

TEST_F(Lora, ASumNeedsTheSameBase) {
  formats::ModelConfig other = config_;
  other.dim += 1;
  const AdapterSource foreign = test::random_adapter(other, 2, 1.0f, 55);
  const std::vector<Part> parts{{&adapter_, 0.5f}, {&foreign, 0.5f}};
  EXPECT_EQ(test::code_of([&] { Sum(parts, "both"); }), Code::bad_shape);
}

}  // namespace
}  // namespace crayon::adapters
