#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "runtime/context/saved_pot.h"
#include "tests/formats/bundle_samples.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::context {

inline constexpr formats::Hash no_adapters{};
inline constexpr model::KvDtype all_types[] = {model::KvDtype::f32, model::KvDtype::f16,
                                               model::KvDtype::i8};

inline PotOptions options_of(std::string_view rule) {
  PotOptions options;
  options.rule = rule;
  options.catalyst = {5, 9, 13, 21};
  options.rules.observed = 8;
  options.normaliser = model::Normaliser::full;
  return options;
}

inline formats::ModelConfig windowed_config() {
  formats::ModelConfig config = test::tiny_config();
  config.window = 16;
  config.windowed = {true, false};
  return config;
}

/// A pot with its session.
struct Filled {
  Filled(const model::Model& model, std::uint32_t context, model::KvDtype kv,
         const PotOptions& options)
      : vocab(model.config().vocab_size),
        session(model, context, kv),
        pot(model, session, options) {}

  std::vector<float> read(std::span<const Token> tokens) {
    std::vector<float> logits(vocab);
    pot.read(tokens, logits);
    return logits;
  }

  std::size_t vocab;
  model::Session session;
  Pot pot;
};

/// Pots of a small model, and of one whose first layer has a window.
class PotsToSave : public testing::Test {
 protected:
  std::span<const Token> tokens(std::size_t first, std::size_t count) const {
    return std::span(tokens_).subspan(first, count);
  }

  std::filesystem::path save(const Pot& pot) const {
    context::save(pot, {}, folder_ / "state");
    return folder_ / "state";
  }

  /// A pot that has read 130 tokens, saved.
  std::filesystem::path saved(const PotOptions& options,
                              model::KvDtype kv = model::KvDtype::f16) const {
    Filled one(*model_, 100, kv, options);
    one.pot.read(tokens(0, 130), {});
    return save(one.pot);
  }

  /// Saves `pot`, restores it into `other`, and has both go on.
  void expect_same(Filled& one, Filled& other, std::size_t read) const {
    restore(other.pot, formats::Bundle::open(save(one.pot)), no_adapters);
    EXPECT_EQ(other.session.position(), one.session.position());
    EXPECT_EQ(other.pot.dropped(), one.pot.dropped());
    EXPECT_EQ(other.pot.distilled(), one.pot.distilled());
    EXPECT_EQ(other.pot.pinned(), one.pot.pinned());
    const std::uint64_t before = one.pot.statistics().distillations;
    const std::uint64_t before_other = other.pot.statistics().distillations;
    for (const std::size_t more : {1, 30, 250}) {
      ASSERT_EQ(other.read(tokens(read, more)), one.read(tokens(read, more)))
          << read << " " << more;
      read += more;
    }
    EXPECT_EQ(other.pot.statistics().distillations - before_other,
              one.pot.statistics().distillations - before);
    EXPECT_EQ(other.pot.dropped(), one.pot.dropped());
  }

  const test::TempDir folder_;
  ThreadPool pool_{2};
  const test::Packed packed_{test::random_source(test::tiny_config(), 61), formats::Dtype::i8};
  const std::unique_ptr<model::Model> model_ = packed_.load(pool_);
  const test::Packed windowed_{test::random_source(windowed_config(), 62), formats::Dtype::f32};
  const std::unique_ptr<model::Model> windowed_model_ = windowed_.load(pool_);
  const std::vector<Token> tokens_ = test::random_tokens(1000, model_->config().vocab_size, 63);
};

}  // namespace crayon::context
