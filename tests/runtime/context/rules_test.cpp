// Each rule keeps what it says.

#include <gtest/gtest.h>

#include <map>

#include "runtime/context/pot.h"
#include "runtime/model/kv_entries.h"
#include "runtime/model/likelihood.h"
#include "runtime/model/token_surprise.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::context {
namespace {

using model::KvDtype;

class Rules : public testing::Test {
 protected:
  /// Which of 60 tokens the first layer's first head holds after a distillation to `keep`. Its
  /// values tell: they depend on the token alone, and all tokens are different.
  std::vector<std::size_t> kept_by(std::string_view rule, std::uint32_t keep,
                                   const RuleOptions& options = {}) {
    PotOptions pot_options;
    pot_options.rule = rule;
    pot_options.rules = options;
    pot_options.catalyst = {3, 4, 5};
    model::Session session(*model_, 64, KvDtype::f32);
    Pot pot(*model_, session, pot_options);
    pot.clear(0);
    pot.read(tokens_, {});
    pot.distil(keep);
    return entries_of(session, keep);
  }

  std::vector<std::size_t> entries_of(model::Session& session, std::uint32_t keep) {
    // What the first layer reads of position r is R(r) k(token).
    const model::KvEntries entries(session);
    const std::size_t dim = entries.head_dim();
    std::vector<float> held(keep * dim);
    entries.read_keys(0, 0, 0, keep, held.data());
    std::vector<std::size_t> found;
    for (std::uint32_t r = 0; r < keep; ++r) {
      found.push_back(which(std::span(held).subspan(r * dim, dim), r));
    }
    return found;
  }

  /// The token whose key at that position this is.
  std::size_t which(std::span<const float> key, std::uint32_t position) {
    std::size_t best = 0;
    double least = 1e9;
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      const float* const other = keys_at_all_positions(t).data() + position * key.size();
      double distance = 0;
      for (std::size_t d = 0; d < key.size(); ++d) {
        const double difference = static_cast<double>(key[d]) - static_cast<double>(other[d]);
        distance += difference * difference;
      }
      if (distance < least) {
        least = distance;
        best = t;
      }
    }
    EXPECT_LT(least, 1e-6);
    return best;
  }

  /// [positions][head_dim], of a text that says nothing but the token.
  const std::vector<float>& keys_at_all_positions(std::size_t t) {
    static std::map<std::size_t, std::vector<float>> known;  // for all tests: the model is the same
    std::vector<float>& keys = known[t];
    if (keys.empty()) {
      constexpr std::uint32_t positions = 10;  // as many as any test keeps
      model::Session session(*model_, 64, KvDtype::f32);
      const std::vector<model::Token> text(positions, tokens_[t]);
      model_->forward(session, text, model::Logits::none, {});
      const model::KvEntries entries(session);
      keys.resize(positions * entries.head_dim());
      entries.read_keys(0, 0, 0, positions, keys.data());
    }
    return keys;
  }

  static std::vector<model::Token> different_tokens() {
    std::vector<model::Token> tokens(60);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = static_cast<model::Token>((i * 17 + 5) % 67);
    }
    return tokens;
  }

  const test::Packed packed_{test::random_source(test::tiny_config(), 71), formats::Dtype::f32};
  ThreadPool pool_{1};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const std::vector<model::Token> tokens_ = different_tokens();
};

TEST_F(Rules, StreamingKeepsSinksAndTheEnd) {
  EXPECT_EQ(kept_by("streaming", 7, {.sinks = 2}),
            (std::vector<std::size_t>{0, 1, 55, 56, 57, 58, 59}));
}

TEST_F(Rules, TruncateDropsTheMiddle) {
  EXPECT_EQ(kept_by("truncate", 6), (std::vector<std::size_t>{0, 1, 2, 57, 58, 59}));
}

TEST_F(Rules, NucKeepsWhatSurprised) {
  // The truth: logits of everything.
  const std::size_t vocab = model_->config().vocab_size;
  const std::vector<float> logits = test::all_logits(*model_, tokens_, KvDtype::f32);
  std::vector<std::pair<double, std::size_t>> surprise;
  for (std::size_t t = 1; t < tokens_.size(); ++t) {
    surprise.emplace_back(-model::negative_log_likelihood(
                              std::span(logits).subspan((t - 1) * vocab, vocab), tokens_[t]),
                          t);
  }
  std::ranges::sort(surprise);
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < 8; ++i) {
    expected.push_back(surprise[i].second);
  }
  std::ranges::sort(expected);
  EXPECT_EQ(kept_by("nuc", 8), expected);
  EXPECT_EQ(kept_by("infinipot", 8, {.surprise_share = 1.0f}), expected);
}

TEST_F(Rules, InfiniPotIsBetweenItsParts) {
  const std::vector<std::size_t> cap = kept_by("cap", 8);
  EXPECT_EQ(kept_by("infinipot", 8, {.surprise_share = 0.0f}), cap);
  const std::vector<std::size_t> nuc = kept_by("nuc", 4);
  const std::vector<std::size_t> both = kept_by("infinipot", 8, {.surprise_share = 0.5f});
  for (const std::size_t entry : nuc) {
    EXPECT_NE(std::ranges::find(both, entry), both.end()) << entry;
  }
  EXPECT_NE(both, cap);
}

TEST_F(Rules, SnapKvKeepsItsObservers) {
  const std::vector<std::size_t> kept = kept_by("snapkv", 10, {.observed = 4, .pooled = 1});
  EXPECT_EQ(std::vector<std::size_t>(kept.end() - 4, kept.end()),
            (std::vector<std::size_t>{56, 57, 58, 59}));
}

TEST_F(Rules, KeyDiffAndTovaKeepAsMany) {
  EXPECT_EQ(kept_by("keydiff", 9).size(), 9u);
  EXPECT_EQ(kept_by("tova", 9).size(), 9u);
  EXPECT_NE(kept_by("keydiff", 9), kept_by("tova", 9));
}

/// Chunk by chunk it is what all logits at once give.
TEST_F(Rules, SurpriseIsTheNegativeLogLikelihood) {
  formats::ModelConfig config = test::tiny_config();
  config.vocab_size = 5003;  // two chunks and a bit
  config.logit_softcap = 3.0f;
  for (const formats::Dtype dtype :
       {formats::Dtype::f32, formats::Dtype::f16, formats::Dtype::i8, formats::Dtype::i4}) {
    const test::Packed packed(test::random_source(config, 72), dtype);
    const auto model = packed.load(pool_);
    const auto tokens = test::random_tokens(90, config.vocab_size, 73);
    const std::vector<float> logits = test::all_logits(*model, tokens, KvDtype::f32);
    model::Session session(*model, 96, KvDtype::f32);
    model->forward(session, tokens, model::Logits::none, {});
    const auto& residual = session.state().scratch.residual;
    const std::vector<float> hidden(residual.data(), residual.data() + 89 * config.dim);
    std::vector<float> got(89);
    model::TokenSurprise measure(*model, model::Normaliser::full);
    measure.measure(session, hidden, std::span(tokens).subspan(1), got);
    for (std::size_t t = 0; t < got.size(); ++t) {
      const auto row = std::span(logits).subspan(t * config.vocab_size, config.vocab_size);
      ASSERT_NEAR(got[t], model::negative_log_likelihood(row, tokens[t + 1]), 1e-4) << t;
    }
  }
}

}  // namespace
}  // namespace crayon::context
