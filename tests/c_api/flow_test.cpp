// What the C interface is for: texts, adapters, contexts, vectors and speeds.
#include <algorithm>
#include <numeric>
#include <vector>

#include "formats/signature.h"
#include "tests/c_api/api.h"
#include "tests/support/support.h"

namespace crayon::test {
namespace {

using Flow = WithModel;

TEST_F(Flow, TextsBecomeTokensAndTextsAgain) {
  const char* text = "The pump stands still.";
  std::size_t count = 0;
  EXPECT_WELL(crayon_model_tokenize(model, text, nullptr, nullptr, 0, &count, nullptr));
  ASSERT_GT(count, 1u);
  std::vector<std::uint32_t> tokens(count);
  std::size_t again = 0;
  EXPECT_EQ(crayon_model_tokenize(model, text, nullptr, tokens.data(), count - 1, &again, nullptr),
            CRAYON_OVER_LIMIT);
  EXPECT_EQ(again, count);
  EXPECT_WELL(crayon_model_tokenize(model, text, nullptr, tokens.data(), count, &again, nullptr));
  char* back = nullptr;
  EXPECT_WELL(crayon_model_detokenize(model, tokens.data(), count, &back, nullptr));
  EXPECT_STREQ(back, text);
  crayon_text_free(back);
}

TEST_F(Flow, ASessionGoesOnFromWhatItHolds) {
  crayon_session* session = open_session();
  const std::string first = generate(session, "Box 3 holds 87 plugs.");
  auto counters = sized<crayon_counters>();
  EXPECT_WELL(crayon_session_get_counters(session, &counters, nullptr));
  EXPECT_EQ(counters.tokens_generated, 8u);
  EXPECT_EQ(counters.position, counters.tokens_read + counters.tokens_generated);
  const std::string second = generate(session, " And box 4");

  // The same bits, when the same is done again.
  EXPECT_WELL(crayon_session_clear(session, nullptr));
  EXPECT_EQ(generate(session, "Box 3 holds 87 plugs."), first);
  EXPECT_EQ(generate(session, " And box 4"), second);
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Flow, PiecesAreTheWholeText) {
  crayon_session* session = open_session();
  auto options = sized<crayon_generate_options>();
  options.max_tokens = 16;
  options.ignore_end = 1;
  options.temperature = 1;
  options.seed = 7;
  std::string pieces;
  const auto add = [](void* user, const char* text, std::size_t length) {
    static_cast<std::string*>(user)->append(text, length);
    return 0;
  };
  char* text = nullptr;
  auto done = sized<crayon_generation>();
  EXPECT_WELL(
      crayon_session_generate(session, "The pump", &options, add, &pieces, &text, &done, nullptr));
  EXPECT_EQ(pieces, text);
  EXPECT_EQ(done.tokens, 16u);
  EXPECT_EQ(done.finish, CRAYON_FINISH_LENGTH);
  EXPECT_GT(done.confidence, 0);
  crayon_text_free(text);
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Flow, ATextThatDoesNotFitIsRefusedBeforeItIsRead) {
  auto options = sized<crayon_session_options>();
  options.context = 16;
  crayon_session* session = open_session(&options);
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "Box 3 holds 87 plugs. ";
  }
  EXPECT_EQ(crayon_session_read(session, text.c_str(), nullptr), CRAYON_CONTEXT_FULL);
  auto counters = sized<crayon_counters>();
  EXPECT_WELL(crayon_session_get_counters(session, &counters, nullptr));
  EXPECT_EQ(counters.position, 0u);
  EXPECT_WELL(crayon_session_close(session));

  // Nor has an answer begun that does not fit, and what is read next is the beginning of a text.
  session = open_session(&options);
  const std::string first = generate(session, "The pump", 4);
  EXPECT_WELL(crayon_session_clear(session, nullptr));
  EXPECT_EQ(crayon_session_generate(session, text.c_str(), nullptr, nullptr, nullptr, nullptr,
                                    nullptr, nullptr),
            CRAYON_CONTEXT_FULL);
  EXPECT_EQ(generate(session, "The pump", 4), first);
  EXPECT_WELL(crayon_session_close(session));

  // With a rule there is always room.
  options.context = 64;
  options.distill = "keydiff";
  session = open_session(&options);
  EXPECT_WELL(crayon_session_read(session, text.c_str(), nullptr));
  EXPECT_WELL(crayon_session_get_counters(session, &counters, nullptr));
  EXPECT_GT(counters.distillations, 0u);
  EXPECT_LE(counters.position, 64u);
  EXPECT_GT(counters.tokens_read, 64u);
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Flow, ASavedTurnIsGoneOnFromByASessionAndByAnAssistant) {
  const TempDir folder;
  const std::string file = (folder / "read.crayon").string();
  auto options = sized<crayon_session_options>();
  options.as_turn = 1;
  options.context = 256;
  crayon_session* session = open_session(&options);
  EXPECT_WELL(crayon_session_read(session, "Box 3 holds 87 plugs. Box 6 holds 28 bolts.", nullptr));
  EXPECT_WELL(crayon_session_save(session, file.c_str(), nullptr));
  const auto answer = [&](const char* question) {
    char* text = nullptr;
    EXPECT_WELL(crayon_session_generate(session, question, nullptr, nullptr, nullptr, &text,
                                        nullptr, nullptr));
    const std::string result = text;
    crayon_text_free(text);
    return result;
  };
  const std::string first = answer("\nHow many plugs does box 3 hold?");
  // The user's turn is over now.
  EXPECT_EQ(crayon_session_read(session, "More.", nullptr), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(crayon_session_save(session, file.c_str(), nullptr), CRAYON_BAD_ARGUMENT);
  EXPECT_WELL(crayon_session_restore(session, file.c_str(), nullptr));
  EXPECT_EQ(answer("\nHow many plugs does box 3 hold?"), first);
  EXPECT_WELL(crayon_session_close(session));

  auto with_state = sized<crayon_assistant_options>();
  with_state.state = file.c_str();
  crayon_assistant* assistant = open_assistant(&with_state);
  EXPECT_EQ(ask(assistant, "\nHow many plugs does box 3 hold?"),
            first.substr(first.find_first_not_of(' ')));
  EXPECT_WELL(crayon_assistant_close(assistant));

  with_state.remote_url = "http://127.0.0.1:9";
  EXPECT_EQ(crayon_assistant_open(model, &with_state, &assistant, nullptr), CRAYON_BAD_ARGUMENT);
}

TEST_F(Flow, ABlendOfExamplesIsAnAdapter) {
  const TempDir folder;
  crayon_pool* pool = open_pool();
  std::size_t size = 0;
  EXPECT_WELL(crayon_pool_get_size(pool, &size, nullptr));
  ASSERT_GT(size, 3u);
  const crayon_example examples[] = {
      {"Box 19 holds 42 rivets. Box 3 holds 87 plugs.\nThe job needs 99 plugs. Are there enough?",
       nullptr},
      {"Box 2 holds 12 seals. Box 5 holds 31 bolts.\nWhich part is there most of?", nullptr},
  };
  std::vector<float> weights(size);
  crayon_adapter* adapter = nullptr;
  EXPECT_WELL(crayon_pool_blend(pool, examples, 2, nullptr, weights.data(), &adapter, nullptr));
  EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0f), 1, 1e-5);
  // Other questions, other adapters.
  const crayon_example of_another_task[] = {
      {"The red wire goes from the pump to the relay. The relay leads to the fuse.\nWhere does the "
       "red wire lead?",
       nullptr}};
  std::vector<float> others(size);
  crayon_adapter* other = nullptr;
  EXPECT_WELL(crayon_pool_blend(pool, of_another_task, 1, nullptr, others.data(), &other, nullptr));
  EXPECT_WELL(crayon_adapter_close(other));
  EXPECT_NE(std::ranges::max_element(weights) - weights.begin(),
            std::ranges::max_element(others) - others.begin());
  char name[4];
  EXPECT_WELL(crayon_pool_get_name(pool, 0, name, sizeof name, nullptr));
  EXPECT_EQ(std::string(name).size(), 3u);
  EXPECT_EQ(crayon_pool_get_name(pool, size, name, sizeof name, nullptr), CRAYON_BAD_ARGUMENT);

  // Written and opened again it is the same adapter.
  const std::string file = (folder / "mine.crayon").string();
  EXPECT_WELL(crayon_adapter_save(adapter, file.c_str(), nullptr));
  crayon_adapter* opened = nullptr;
  EXPECT_WELL(crayon_adapter_open(model, file.c_str(), &opened, nullptr));
  std::vector<std::string> answers;
  for (crayon_adapter* each : {static_cast<crayon_adapter*>(nullptr), adapter, opened}) {
    const crayon_attached attached{each, 0};
    auto options = sized<crayon_session_options>();
    options.adapters = &attached;
    options.adapter_count = each != nullptr ? 1 : 0;
    crayon_session* session = open_session(&options);
    answers.push_back(generate(session, "Box 3 holds 87 plugs. The job needs", 24));
    EXPECT_WELL(crayon_session_close(session));
  }
  EXPECT_EQ(answers[1], answers[2]);
  EXPECT_NE(answers[0], answers[1]);

  auto rule = sized<crayon_blend_options>();
  rule.rule = "guess";
  crayon_adapter* none = nullptr;
  EXPECT_EQ(crayon_pool_blend(pool, examples, 2, &rule, nullptr, &none, nullptr),
            CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(crayon_pool_blend(pool, nullptr, 0, nullptr, nullptr, &none, nullptr),
            CRAYON_BAD_ARGUMENT);
  rule.rule = "lorahub";  // which learns from answers
  EXPECT_EQ(crayon_pool_blend(pool, examples, 2, &rule, nullptr, &none, nullptr), CRAYON_MALFORMED);
  EXPECT_WELL(crayon_adapter_close(opened));
  EXPECT_WELL(crayon_adapter_close(adapter));
  EXPECT_WELL(crayon_pool_close(pool));
}

TEST_F(Flow, AHandleHoldsOnToWhatItWasMadeFrom) {
  crayon_model* own = nullptr;
  EXPECT_WELL(
      crayon_model_open(runtime, example("models/device.crayon").c_str(), nullptr, &own, nullptr));
  crayon_session* session = nullptr;
  EXPECT_WELL(crayon_session_open(own, nullptr, &session, nullptr));
  EXPECT_WELL(crayon_model_close(own));
  EXPECT_FALSE(generate(session, "The pump").empty());
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Flow, WithAKeyOnlySignedBundlesAreOpened) {
  const TempDir folder;
  const std::string file = (folder / "signed.crayon").string();
  const formats::SecretKey key = formats::make_secret_key();
  formats::sign_bundle(example("models/device.crayon"), file, key, 1);
  formats::write_public_key(folder / "key.pub", key.public_key());
  const std::string trusted = (folder / "key.pub").string();
  auto options = sized<crayon_model_options>();
  options.trusted_key = trusted.c_str();
  crayon_model* opened = nullptr;
  EXPECT_WELL(crayon_model_open(runtime, file.c_str(), &options, &opened, nullptr));
  crayon_pool* pool = nullptr;  // the example pool is not signed
  EXPECT_EQ(crayon_pool_open(opened, example("pool/pool.crayon").c_str(), &pool, nullptr),
            CRAYON_UNTRUSTED);
  EXPECT_WELL(crayon_model_close(opened));
  EXPECT_EQ(crayon_model_open(runtime, example("models/device.crayon").c_str(), &options, &opened,
                              nullptr),
            CRAYON_UNTRUSTED);
}

TEST_F(Flow, AnEncoderGivesVectorsOfLengthOne) {
  crayon_encoder* encoder = nullptr;
  EXPECT_WELL(crayon_encoder_open(runtime, example("encoder/scenes.crayon").c_str(), nullptr,
                                  &encoder, nullptr));
  auto info = sized<crayon_encoder_info>();
  EXPECT_WELL(crayon_encoder_get_info(encoder, &info, nullptr));
  ASSERT_GT(info.dim, 0u);
  std::vector<float> plain(info.dim);
  std::vector<float> weighed(info.dim);
  std::vector<float> picture(info.dim);
  EXPECT_WELL(
      crayon_encoder_embed_text(encoder, "a red circle", 1, plain.data(), plain.size(), nullptr));
  EXPECT_WELL(crayon_encoder_embed_text(encoder, "a (red:3) circle", 1, weighed.data(),
                                        weighed.size(), nullptr));
  EXPECT_WELL(crayon_encoder_embed_file(encoder, example("encoder/pictures/00001.ppm").c_str(),
                                        picture.data(), picture.size(), nullptr));
  const auto product = [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0f);
  };
  for (const auto* vector : {&plain, &weighed, &picture}) {
    EXPECT_NEAR(product(*vector, *vector), 1, 1e-4);
  }
  EXPECT_LT(product(plain, weighed), 0.9999f);
  EXPECT_EQ(crayon_encoder_embed_text(encoder, "x", 0, plain.data(), plain.size() - 1, nullptr),
            CRAYON_OVER_LIMIT);
  EXPECT_EQ(
      crayon_encoder_embed_text(encoder, "a (red circle", 1, plain.data(), plain.size(), nullptr),
      CRAYON_BAD_ARGUMENT);

  const std::vector<std::uint8_t> grey(12 * 9 * 3, 128);
  EXPECT_WELL(crayon_encoder_embed_pixels(encoder, grey.data(), 12, 9, picture.data(),
                                          picture.size(), nullptr));
  EXPECT_NEAR(product(picture, picture), 1, 1e-4);
  EXPECT_EQ(crayon_encoder_embed_pixels(encoder, grey.data(), 0, 9, picture.data(), picture.size(),
                                        nullptr),
            CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(crayon_encoder_embed_pixels(encoder, grey.data(), 1u << 30, 1u << 30, picture.data(),
                                        picture.size(), nullptr),
            CRAYON_BAD_ARGUMENT);
  EXPECT_WELL(crayon_encoder_close(encoder));
}

TEST_F(Flow, AQuestionsVectorHasLengthOne) {
  auto info = sized<crayon_model_info>();
  EXPECT_WELL(crayon_model_get_info(model, &info, nullptr));
  std::vector<float> vector(info.embedding_dim);
  EXPECT_WELL(
      crayon_model_embed(model, "Are there enough plugs?", vector.data(), vector.size(), nullptr));
  EXPECT_NEAR(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0f), 1, 1e-4);
}

TEST_F(Flow, SpeedsAreMeasured) {
  auto options = sized<crayon_bench_options>();
  options.prompt = 16;
  options.decode = 8;
  options.repetitions = 2;
  auto result = sized<crayon_bench_result>();
  EXPECT_WELL(crayon_model_bench(model, &options, &result, nullptr));
  EXPECT_GT(result.prefill_tokens_per_second, 0);
  EXPECT_GT(result.decode_tokens_per_second, 0);
  EXPECT_LE(result.token_ms_p50, result.token_ms_p99);
  EXPECT_GT(result.bytes_per_token, 100000u);
  EXPECT_GT(result.read_bytes_per_second, 0);
}

}  // namespace
}  // namespace crayon::test
