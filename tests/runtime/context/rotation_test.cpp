// Entries that are moved stand as if they had been computed at their new positions.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/model/kv_entries.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/seeded_model.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

constexpr std::uint32_t tokens_read = 60;

std::vector<float> keys_of(Session& session, std::uint32_t kv_head, std::uint32_t count) {
  const KvEntries entries(session);
  std::vector<float> keys(std::size_t{count} * entries.head_dim());
  entries.read_keys(0, kv_head, 0, count, keys.data());
  return keys;
}

/// The first layer's keys depend on nothing but a token and its position.
class Rotation : public testing::TestWithParam<test::ArchVariant> {};

TEST_P(Rotation, MovedKeysAreThoseOfTheNewPositions) {
  const formats::ModelConfig& config = GetParam().config;
  if (config.positions != formats::Positions::rope || config.is_windowed(0)) {
    GTEST_SKIP() << "no rotated keys that see all";
  }
  const test::Packed packed(test::seeded_model(config, test::arch_seed), formats::Dtype::f32);
  ThreadPool pool(1);
  const auto model = packed.load(pool);
  const std::uint32_t context = std::min(config.max_context, 96u);
  const auto tokens = test::random_tokens(tokens_read, config.vocab_size, 5);
  std::vector<std::uint32_t> kept;  // some, with gaps of all sizes
  for (std::uint32_t entry = 0; entry < tokens_read; entry += 1 + entry / 7) {
    kept.push_back(entry);
  }
  std::vector<Token> kept_tokens;
  std::ranges::transform(kept, std::back_inserter(kept_tokens),
                         [&](std::uint32_t entry) { return tokens[entry]; });
  const auto count = static_cast<std::uint32_t>(kept.size());

  Session moved(*model, context, KvDtype::f32);
  model->forward(moved, tokens, Logits::none, {});
  KvEntries entries(moved);
  Session computed(*model, context, KvDtype::f32);
  model->forward(computed, kept_tokens, Logits::none, {});
  for (std::uint32_t head = 0; head < config.kv_heads; ++head) {
    entries.keep(0, head, kept);
    const std::vector<float> got = keys_of(moved, head, count);
    const std::vector<float> expected = keys_of(computed, head, count);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], expected[i], 1e-4) << "head " << head << ", number " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, Rotation, testing::ValuesIn(test::arch_variants()),
                         [](const auto& each) { return std::string(each.param.name); });

class RotationIn : public testing::TestWithParam<KvDtype> {};

/// What never moved is the same to the bit, in every type.
TEST_P(RotationIn, EntriesThatStayAreUntouched) {
  const test::Packed packed(test::random_source(test::tiny_config(), 41), formats::Dtype::f32);
  ThreadPool pool(1);
  const auto model = packed.load(pool);
  const auto tokens = test::random_tokens(90, model->config().vocab_size, 6);
  Session session(*model, 128, GetParam());
  model->forward(session, std::span(tokens).first(70), Logits::none, {});
  Session plain(*model, 128, GetParam());
  model->forward(plain, std::span(tokens).first(70), Logits::none, {});

  KvEntries entries(session);
  std::vector<std::uint32_t> all(70);
  std::iota(all.begin(), all.end(), 0u);
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    for (std::uint32_t head = 0; head < entries.kv_heads(); ++head) {
      entries.keep(layer, head, all);
    }
  }
  entries.finish(70);
  const auto rest = std::span(tokens).subspan(70);
  std::vector<float> got(rest.size() * model->config().vocab_size);
  std::vector<float> expected(got.size());
  model->forward(session, rest, Logits::all, got);
  model->forward(plain, rest, Logits::all, expected);
  EXPECT_EQ(got, expected);
}

/// Every move rounds a key anew: by half a step of its type at most.
TEST_P(RotationIn, MovesManyTimesWithinItsRoundings) {
  const test::Packed packed(test::random_source(test::tiny_config(), 42), formats::Dtype::f32);
  ThreadPool pool(1);
  const auto model = packed.load(pool);
  const auto tokens = test::random_tokens(101, model->config().vocab_size, 7);
  Session session(*model, 128, GetParam());
  model->forward(session, std::span(tokens).first(100), Logits::none, {});
  const std::vector<float> before = keys_of(session, 0, 100);
  const float largest =
      std::abs(*std::ranges::max_element(before, {}, [](float x) { return std::abs(x); }));

  // Entry 0 goes, and the others move down by one: 90 times.
  KvEntries entries(session);
  std::vector<std::uint32_t> kept(99);
  std::iota(kept.begin(), kept.end(), 1u);
  for (std::uint32_t count = 99; count >= 10; --count) {
    entries.keep(0, 0, std::span(kept).first(count));
  }
  Session alone(*model, 128, GetParam());
  model->forward(alone, std::span(tokens).subspan(90, 10), Logits::none, {});
  const std::vector<float> got = keys_of(session, 0, 10);
  const std::vector<float> expected = keys_of(alone, 0, 10);
  const double half_step = GetParam() == KvDtype::f32   ? 1e-6
                           : GetParam() == KvDtype::f16 ? std::pow(2.0, -11)
                                                        : 0.5 / 127;
  const double allowed = 90 * half_step * static_cast<double>(largest);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], allowed) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, RotationIn,
                         testing::Values(KvDtype::f32, KvDtype::f16, KvDtype::i8));

}  // namespace
}  // namespace crayon::model
