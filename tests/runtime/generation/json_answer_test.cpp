// Answers that must be JSON objects, from a model that would say anything.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/generation/batch_generator.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/json_guide.h"
#include "runtime/generation/json_tokens.h"
#include "tests/runtime/generation/tiny_model.h"
#include "tests/support/support.h"

namespace crayon::generation {
namespace {

using test::code_of;
using test::TinyModel;
using tokenizer::Tokenizer;

const std::vector<Token>& prompt() {
  static const auto tokens = TinyModel::get().tokenizer().encode("In JSON:");
  return tokens;
}

GenerateOptions json_options(std::uint64_t seed) {
  return {.max_tokens = 48, .sampler = {.temperature = 1.0f, .seed = seed}, .json = true};
}

Generated run(const GenerateOptions& options,
              const Tokenizer& tokenizer = TinyModel::get().tokenizer()) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  return generate(tiny.model(), tokenizer, *session, prompt(), options, {});
}

bool is_object(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  return !json.is_discarded() && json.is_object();
}

/// The bytes of the tokens, which a text may show less of.
std::string bytes_of(const Generated& generated) {
  std::string bytes;
  for (const Token token : generated.tokens) {
    bytes += TinyModel::get().tokenizer().bytes(token);
  }
  return bytes;
}

TEST(JsonAnswer, IsAnObjectOrTheBeginningOfOne) {
  int complete = 0;
  bool longer = false;
  bool cut_character = false;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Generated generated = run(json_options(seed));
    const std::string bytes = bytes_of(generated);
    JsonGuide guide;
    ASSERT_TRUE(guide.push(bytes)) << bytes;
    ASSERT_EQ(generated.finish, guide.complete() ? Finish::stop : Finish::length);
    if (generated.finish == Finish::stop) {
      ++complete;
      ASSERT_EQ(generated.text, bytes);
      ASSERT_TRUE(is_object(generated.text)) << generated.text;
      longer |= generated.text.size() > 8;
    } else {
      ASSERT_EQ(generated.tokens.size(), 48u);
      ASSERT_TRUE(JsonGuide().push(generated.text)) << generated.text;
      cut_character |= generated.text.ends_with("\ufffd");
    }
  }
  // Or the test would say little.
  EXPECT_GT(complete, 20);
  EXPECT_LT(complete, 290);
  EXPECT_TRUE(longer);
  EXPECT_TRUE(cut_character);
}

TEST(JsonAnswer, GreedyFilteredAndPenalised) {
  for (const SamplerOptions& sampler :
       {SamplerOptions{}, SamplerOptions{.temperature = 2.0f, .top_k = 1},
        SamplerOptions{.temperature = 0.7f, .top_p = 0.5f, .min_p = 0.01f, .seed = 3},
        SamplerOptions{.repetition_penalty = 3.0f, .repetition_window = 4}}) {
    const Generated generated = run({.max_tokens = 30, .sampler = sampler, .json = true});
    JsonGuide guide;
    ASSERT_TRUE(guide.push(bytes_of(generated)));
    EXPECT_EQ(generated.finish, guide.complete() ? Finish::stop : Finish::length);
  }
}

TEST(JsonAnswer, GuessesAndBatchesChangeNoToken) {
  const TinyModel& tiny = TinyModel::get();
  BatchGenerator batch(tiny.model(), tiny.tokenizer(), {.sequences = 1, .context = 256});
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    GenerateOptions options = json_options(seed);
    const Generated plain = run(options);
    EXPECT_EQ(batch.generate({.tokens = prompt()}, options, {}).tokens, plain.tokens);
    options.speculate = 4;
    EXPECT_EQ(run(options).tokens, plain.tokens);
  }
}

TEST(JsonAnswer, StopTextsEndItEarlier) {
  GenerateOptions options = json_options(0);
  while (run(options).text.size() < 12) {
    ++options.sampler.seed;
  }
  const std::string whole = run(options).text;
  options.stop = {whole.substr(5, 3)};
  const Generated stopped = run(options);
  EXPECT_EQ(stopped.finish, Finish::stop);
  EXPECT_EQ(stopped.text, whole.substr(0, whole.find(options.stop[0])));
}

TEST(JsonAnswer, TheCallbackCancels) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  GenerateOptions options = json_options(0);
  while (run(options).tokens.size() < 4) {
    ++options.sampler.seed;
  }
  int calls = 0;
  const Generated generated = generate(tiny.model(), tiny.tokenizer(), *session, prompt(), options,
                                       [&](const Progress&) { return ++calls < 3; });
  EXPECT_EQ(generated.finish, Finish::cancelled);
  EXPECT_EQ(generated.tokens.size(), 2u);
}

TEST(JsonTokens, AllowWhatTheGuideAccepts) {
  const Tokenizer& tokenizer = TinyModel::get().tokenizer();
  const auto vocabulary = static_cast<Token>(tokenizer.data().pieces.size());
  for (const std::string_view text : {"", "{", "{\"", "{\"a\\", "{\"a\":", "{\"a\":1", "{\"\xe2"}) {
    JsonTokens tokens(tokenizer);
    JsonGuide guide;
    for (const char c : text) {
      // Byte 0 is token 3: after <unk>, <s> and </s>.
      tokens.push(static_cast<Token>(static_cast<std::uint8_t>(c)) + 3);
      guide.push({&c, 1});
    }
    for (Token token = -1; token <= vocabulary; ++token) {
      const std::string_view bytes = tokenizer.bytes(token);
      ASSERT_EQ(tokens.allows(token), !bytes.empty() && guide.accepts(bytes)) << text << token;
    }
  }
}

TEST(JsonTokens, EndTokensAreNoPartOfAnObject) {
  auto data = TinyModel::get().tokenizer_data();
  const Token brace = '{' + 3;
  data.end_of_generation = {brace};
  const Tokenizer tokenizer(data);
  EXPECT_FALSE(JsonTokens(tokenizer).allows(brace));
}

TEST(JsonTokens, AVocabularyWithoutAByteIsRefused) {
  auto data = TinyModel::get().tokenizer_data();
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    if (data.pieces[i] == "}" || data.pieces[i] == "<0x7D>") {
      data.types[i] = formats::TokenType::control;
    }
  }
  const Tokenizer tokenizer(data);
  std::string sentence;
  EXPECT_EQ(code_of([&] { run(json_options(0), tokenizer); }, &sentence), Code::bad_tokenizer);
  EXPECT_NE(sentence.find("0x7d"), std::string::npos);
}

}  // namespace
}  // namespace crayon::generation
