// Adapters on an int8 base, where they run in int8 themselves.

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "runtime/adapters/adapters.h"
#include "runtime/model/weights.h"
#include "tests/runtime/model/decode_check.h"
#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using model::KvDtype;

class PackedLowRank : public testing::Test {
 protected:
  PackedLowRank() {
    for (std::uint32_t n = 0; n < 3; ++n) {
      sources_.push_back(test::random_adapter(config_, 3 + 5 * n, 0.7f, 180 + n));
    }
    sources_[1].factors.resize(2);  // of the first layer's first projections alone
  }

  std::shared_ptr<const model::Adapter> load(const AdapterSource& source) const {
    const Part part{&source, 1.0f};
    return combine({&part, 1}, packed_.bundle);
  }
  /// All adapters with these weights.
  std::vector<model::WeightedAdapter> weighted(const std::vector<float>& weights) {
    for (std::size_t n = adapters_.size(); n < sources_.size(); ++n) {
      adapters_.push_back(load(sources_[n]));
    }
    std::vector<model::WeightedAdapter> result;
    for (std::size_t n = 0; n < adapters_.size(); ++n) {
      result.push_back({adapters_[n], weights[n]});
    }
    return result;
  }
  std::vector<float> logits(const std::vector<model::WeightedAdapter>& adapters) const {
    model::Session session(*model_, 64, KvDtype::f32);
    session.attach(adapters);
    std::vector<float> all(tokens_.size() * config_.vocab_size);
    model_->forward(session, tokens_, model::Logits::all, all);
    return all;
  }
  std::vector<double> truth(const std::vector<float>& weights) const {
    std::vector<test::DenseDelta> deltas;
    for (std::size_t n = 0; n < sources_.size(); ++n) {
      for (auto& delta : test::merged(sources_[n], static_cast<double>(weights[n]))) {
        deltas.push_back(std::move(delta));
      }
    }
    return test::reference_logits(source_, tokens_, deltas);
  }

  const formats::ModelConfig config_ = test::tiny_config();
  const formats::ModelSource source_ = test::random_source(config_, 151);
  const test::Packed packed_{source_, formats::Dtype::i8};
  ThreadPool pool_{2};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const std::vector<formats::Token> tokens_ = test::random_tokens(20, config_.vocab_size, 152);
  std::vector<AdapterSource> sources_;
  std::vector<std::shared_ptr<const model::Adapter>> adapters_;
};

TEST_F(PackedLowRank, IsAsNearToTheDenseSumAsTheBaseIsToItsWeights) {
  const std::vector<float> none(3);
  const double base = test::relative_rms(logits({}), truth(none));
  for (const std::vector<float>& weights :
       {std::vector<float>{1, 0, 0}, {0, 1, 0}, {0.2f, 0.3f, 0.5f}, {0.0f, -1.0f, 1.0f}}) {
    const std::vector<double> with = truth(weights);
    EXPECT_GT(test::relative_rms(logits({}), with), 10 * base) << "the adapters do nothing";
    EXPECT_LT(test::relative_rms(logits(weighted(weights)), with), 2.0 * base);
  }
}

TEST_F(PackedLowRank, EveryProjectionCountsAlone) {
  const double base = test::relative_rms(logits({}), truth(std::vector<float>(3)));
  const AdapterSource all = sources_[0];
  for (const formats::SourceLora& factor : all.factors) {
    sources_ = {all};
    sources_[0].factors = {factor};
    adapters_.clear();
    EXPECT_LT(test::relative_rms(logits(weighted({1.0f})), truth({1.0f})), 1.5 * base)
        << formats::projection(factor.layer, factor.projection);
  }
}

TEST_F(PackedLowRank, WeightZeroIsNoAdapterToTheBit) {
  const std::vector<float> none = logits({}), zero = logits(weighted({0, 0, 0}));
  EXPECT_EQ(std::memcmp(none.data(), zero.data(), none.size() * sizeof(float)), 0);
}

TEST_F(PackedLowRank, SessionsWithTheSameAdaptersShareTheirFactors) {
  const auto adapters = weighted({1, 0.5f, 0});
  model::FactorStack::Adapters list;
  for (const model::WeightedAdapter& each : adapters) {
    list.push_back(each.adapter);
  }
  const auto stack = [&] {
    return model_->weights().factor_stacks.of(list, config_, model_->kernels().layout);
  };
  const auto first = stack();
  logits(adapters);
  logits(weighted({0, 0, 2}));
  EXPECT_EQ(stack(), first);
  std::swap(list[0], list[1]);
  EXPECT_NE(stack(), first);
}

TEST_F(PackedLowRank, DecodeIsPrefillOnEveryNumberOfThreads) {
  // The second is so large that A x of a single token is shared out by rows.
  for (const std::uint32_t rank : {40u, 700u}) {
    const auto adapter = load(test::random_adapter(config_, rank, 0.05f, 154));
    const std::vector<model::WeightedAdapter> alone = {{adapter, 1.0f}};
    test::expect_decode_is_prefill(packed_, tokens_, logits(alone),
                                   [&](model::Session& session) { session.attach(alone); });
  }
}

}  // namespace
}  // namespace crayon::adapters
