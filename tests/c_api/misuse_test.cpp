// Everything that a caller can do wrong has a result that is written down.
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/c_api/api.h"

namespace crayon::test {
namespace {

using Misuse = WithModel;

TEST_F(Misuse, NullInThePlaceOfAHandleIsABadArgument) {
  crayon_model* new_model = nullptr;
  crayon_session* session = nullptr;
  crayon_adapter* adapter = nullptr;
  crayon_pool* pool = nullptr;
  crayon_assistant* assistant = nullptr;
  crayon_encoder* encoder = nullptr;
  crayon_cancel* cancel = nullptr;
  auto info = sized<crayon_model_info>();
  auto encoder_info = sized<crayon_encoder_info>();
  auto memory = sized<crayon_memory>();
  auto counters = sized<crayon_counters>();
  auto result = sized<crayon_bench_result>();
  char* text = nullptr;
  char name[8];
  float number = 0;
  std::uint32_t token = 0;
  std::size_t count = 0;
  const crayon_turn turn{"user", "?"};
  const std::uint8_t pixel[3]{};
  const crayon_code codes[] = {
      crayon_model_open(nullptr, "x", nullptr, &new_model, nullptr),
      crayon_estimate_memory(nullptr, "x", nullptr, &memory, nullptr),
      crayon_encoder_open(nullptr, "x", nullptr, &encoder, nullptr),
      crayon_cancel_open(nullptr, &cancel, nullptr),
      crayon_cancel_set(nullptr, 1),
      crayon_model_get_info(nullptr, &info, nullptr),
      crayon_model_tokenize(nullptr, "x", nullptr, &token, 1, &count, nullptr),
      crayon_model_detokenize(nullptr, &token, 1, &text, nullptr),
      crayon_model_embed(nullptr, "x", &number, 1, nullptr),
      crayon_model_bench(nullptr, nullptr, &result, nullptr),
      crayon_adapter_open(nullptr, "x", &adapter, nullptr),
      crayon_adapter_save(nullptr, "x", nullptr),
      crayon_pool_open(nullptr, "x", &pool, nullptr),
      crayon_pool_get_size(nullptr, &count, nullptr),
      crayon_pool_get_name(nullptr, 0, name, sizeof name, nullptr),
      crayon_pool_blend(nullptr, nullptr, 0, nullptr, nullptr, &adapter, nullptr),
      crayon_session_open(nullptr, nullptr, &session, nullptr),
      crayon_session_clear(nullptr, nullptr),
      crayon_session_read(nullptr, "x", nullptr),
      crayon_session_save(nullptr, "x", nullptr),
      crayon_session_restore(nullptr, "x", nullptr),
      crayon_session_generate(nullptr, "x", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
      crayon_session_get_counters(nullptr, &counters, nullptr),
      crayon_assistant_open(nullptr, nullptr, &assistant, nullptr),
      crayon_assistant_ask(nullptr, &turn, 1, nullptr, nullptr, nullptr, &text, nullptr, nullptr),
      crayon_encoder_get_info(nullptr, &encoder_info, nullptr),
      crayon_encoder_embed_text(nullptr, "x", 0, &number, 1, nullptr),
      crayon_encoder_embed_file(nullptr, "x", &number, 1, nullptr),
      crayon_encoder_embed_pixels(nullptr, pixel, 1, 1, &number, 1, nullptr),
  };
  for (std::size_t i = 0; i < std::size(codes); ++i) {
    EXPECT_EQ(codes[i], CRAYON_BAD_ARGUMENT) << "call " << i;
  }
}

TEST_F(Misuse, NullInThePlaceOfAnythingElseIsABadArgument) {
  crayon_session* session = open_session();
  crayon_pool* pool = open_pool();
  crayon_assistant* assistant = open_assistant();
  std::size_t count = 0;
  float number = 0;
  crayon_adapter* adapter = nullptr;
  const crayon_turn no_content{"user", nullptr};
  const crayon_example no_question{nullptr, nullptr};
  auto stops = sized<crayon_generate_options>();
  stops.stop_count = 1;
  auto attached = sized<crayon_session_options>();
  attached.adapter_count = 1;
  crayon_session* none = nullptr;
  const crayon_code codes[] = {
      crayon_runtime_open(nullptr, nullptr, nullptr),
      crayon_model_open(runtime, nullptr, nullptr, nullptr, nullptr),
      crayon_model_get_info(model, nullptr, nullptr),
      crayon_model_tokenize(model, nullptr, nullptr, nullptr, 0, &count, nullptr),
      crayon_model_tokenize(model, "x", nullptr, nullptr, 1, &count, nullptr),
      crayon_model_tokenize(model, "x", nullptr, nullptr, 0, nullptr, nullptr),
      crayon_model_detokenize(model, nullptr, 1, nullptr, nullptr),
      crayon_model_embed(model, nullptr, &number, 1000, nullptr),
      crayon_model_embed(model, "x", nullptr, 1000, nullptr),
      crayon_model_bench(model, nullptr, nullptr, nullptr),
      crayon_session_open(model, nullptr, nullptr, nullptr),
      crayon_session_open(model, &attached, &none, nullptr),
      crayon_session_read(session, nullptr, nullptr),
      crayon_session_save(session, nullptr, nullptr),
      crayon_session_restore(session, nullptr, nullptr),
      crayon_session_generate(session, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                              nullptr),
      crayon_session_generate(session, "x", &stops, nullptr, nullptr, nullptr, nullptr, nullptr),
      crayon_session_get_counters(session, nullptr, nullptr),
      crayon_pool_get_size(pool, nullptr, nullptr),
      crayon_pool_get_name(pool, 0, nullptr, 1, nullptr),
      crayon_pool_blend(pool, nullptr, 1, nullptr, nullptr, &adapter, nullptr),
      crayon_pool_blend(pool, &no_question, 1, nullptr, nullptr, &adapter, nullptr),
      crayon_assistant_ask(assistant, nullptr, 1, nullptr, nullptr, nullptr, nullptr, nullptr,
                           nullptr),
      crayon_assistant_ask(assistant, &no_content, 1, nullptr, nullptr, nullptr, nullptr, nullptr,
                           nullptr),
      crayon_assistant_ask(assistant, nullptr, 0, nullptr, nullptr, nullptr, nullptr, nullptr,
                           nullptr),
  };
  for (std::size_t i = 0; i < std::size(codes); ++i) {
    EXPECT_EQ(codes[i], CRAYON_BAD_ARGUMENT) << "call " << i;
  }
  EXPECT_EQ(adapter, nullptr);
  EXPECT_WELL(crayon_assistant_close(assistant));
  EXPECT_WELL(crayon_pool_close(pool));
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Misuse, ClosingNothingIsNothing) {
  EXPECT_WELL(crayon_runtime_close(nullptr));
  EXPECT_WELL(crayon_cancel_close(nullptr));
  EXPECT_WELL(crayon_model_close(nullptr));
  EXPECT_WELL(crayon_adapter_close(nullptr));
  EXPECT_WELL(crayon_pool_close(nullptr));
  EXPECT_WELL(crayon_session_close(nullptr));
  EXPECT_WELL(crayon_assistant_close(nullptr));
  EXPECT_WELL(crayon_encoder_close(nullptr));
  crayon_text_free(nullptr);
}

TEST_F(Misuse, AClosedHandleIsRefused) {
  crayon_session* session = open_session();
  crayon_pool* pool = open_pool();
  crayon_assistant* assistant = open_assistant();
  crayon_cancel* cancel = nullptr;
  EXPECT_WELL(crayon_cancel_open(runtime, &cancel, nullptr));
  EXPECT_WELL(crayon_session_close(session));
  EXPECT_WELL(crayon_pool_close(pool));
  EXPECT_WELL(crayon_assistant_close(assistant));
  EXPECT_WELL(crayon_cancel_close(cancel));

  Complaint complaint;
  EXPECT_EQ(crayon_session_read(session, "x", &complaint), CRAYON_CLOSED);
  EXPECT_EQ(complaint.code, CRAYON_CLOSED);
  EXPECT_STREQ(complaint.message, "a session was used after it was closed");
  std::size_t count = 0;
  EXPECT_EQ(crayon_pool_get_size(pool, &count, nullptr), CRAYON_CLOSED);
  const crayon_turn turn{"user", "?"};
  EXPECT_EQ(crayon_assistant_ask(assistant, &turn, 1, nullptr, nullptr, nullptr, nullptr, nullptr,
                                 nullptr),
            CRAYON_CLOSED);
  EXPECT_EQ(crayon_cancel_set(cancel, 1), CRAYON_CLOSED);
  EXPECT_EQ(crayon_session_close(session), CRAYON_CLOSED);
  EXPECT_EQ(crayon_pool_close(pool), CRAYON_CLOSED);
  EXPECT_EQ(crayon_assistant_close(assistant), CRAYON_CLOSED);
  EXPECT_EQ(crayon_cancel_close(cancel), CRAYON_CLOSED);

  auto options = sized<crayon_generate_options>();
  options.cancel = cancel;
  session = open_session();
  EXPECT_EQ(
      crayon_session_generate(session, "x", &options, nullptr, nullptr, nullptr, nullptr, nullptr),
      CRAYON_CLOSED);
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Misuse, TheLastThousandThatWereClosedAreRemembered) {
  crayon_cancel* cancel = nullptr;
  for (int i = 0; i < 3000; ++i) {
    EXPECT_WELL(crayon_cancel_open(runtime, &cancel, nullptr));
    EXPECT_WELL(crayon_cancel_close(cancel));
  }
  EXPECT_EQ(crayon_cancel_close(cancel), CRAYON_CLOSED);
}

TEST_F(Misuse, AHandleOfAnotherKindIsRefused) {
  crayon_session* session = open_session();
  Complaint complaint;
  auto info = sized<crayon_model_info>();
  EXPECT_EQ(crayon_model_get_info(reinterpret_cast<crayon_model*>(session), &info, &complaint),
            CRAYON_BAD_ARGUMENT);
  EXPECT_STREQ(complaint.message, "a session was given where a model is wanted");
  EXPECT_EQ(crayon_model_close(reinterpret_cast<crayon_model*>(session)), CRAYON_BAD_ARGUMENT);
  EXPECT_WELL(crayon_session_close(session));
}

TEST_F(Misuse, ARuntimeWithOpenHandlesStays) {
  EXPECT_EQ(crayon_runtime_close(runtime), CRAYON_BUSY);
  auto info = sized<crayon_model_info>();
  EXPECT_WELL(crayon_model_get_info(model, &info, nullptr));
}

TEST_F(Misuse, SizesAreChecked) {
  crayon_session* session = nullptr;
  crayon_session_options options{};
  Complaint complaint;
  EXPECT_EQ(crayon_session_open(model, &options, &session, &complaint), CRAYON_BAD_ARGUMENT);
  EXPECT_STREQ(complaint.message, "the size of crayon_session_options is 0");
  options.size = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(crayon_session_open(model, &options, &session, nullptr), CRAYON_BAD_ARGUMENT);
  crayon_model_info info{};
  EXPECT_EQ(crayon_model_get_info(model, &info, nullptr), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(session, nullptr);
}

TEST_F(Misuse, AnOlderAndANewerHeaderAreUnderstood) {
  crayon_session* session = nullptr;
  // An older one, which ended behind `kv`.
  crayon_session_options old{};
  old.size = offsetof(crayon_session_options, distill);
  old.context = 64;
  old.distill = reinterpret_cast<const char*>(1);  // is not looked at
  EXPECT_WELL(crayon_session_open(model, &old, &session, nullptr));
  auto counters = sized<crayon_counters>();
  EXPECT_WELL(crayon_session_get_counters(session, &counters, nullptr));
  EXPECT_EQ(counters.context, 64u);
  EXPECT_WELL(crayon_session_close(session));

  // A newer one, which asks for nothing new, and then does.
  struct {
    crayon_session_options known;
    std::uint64_t more;
  } newer{};
  newer.known.size = sizeof(newer);
  EXPECT_WELL(crayon_session_open(model, &newer.known, &session, nullptr));
  EXPECT_WELL(crayon_session_close(session));
  newer.more = 1;
  EXPECT_EQ(crayon_session_open(model, &newer.known, &session, nullptr), CRAYON_UNSUPPORTED);
}

TEST_F(Misuse, ResultsAreFilledAsFarAsTheyGo) {
  auto info = sized<crayon_model_info>();
  info.size = offsetof(crayon_model_info, dim);
  info.dim = 7;
  EXPECT_WELL(crayon_model_get_info(model, &info, nullptr));
  EXPECT_EQ(info.size, offsetof(crayon_model_info, dim));
  EXPECT_NE(info.layers, 0u);
  EXPECT_EQ(info.dim, 7u);
}

TEST_F(Misuse, AnErrorOfAnotherSizeIsLeftAlone) {
  crayon_error error;
  std::memset(&error, 0x5a, sizeof error);
  const crayon_error before = error;
  error.size = 8;
  EXPECT_EQ(crayon_session_read(nullptr, "x", &error), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(std::memcmp(&error.code, &before.code, sizeof error - offsetof(crayon_error, code)), 0);
}

TEST_F(Misuse, ALongMessageIsCutBetweenCharacters) {
  Complaint complaint;
  std::string path;
  for (int i = 0; i < 400; ++i) {
    path += "é";
  }
  crayon_model* none = nullptr;
  EXPECT_NE(crayon_model_open(runtime, path.c_str(), nullptr, &none, &complaint), CRAYON_OK);
  const std::string message = complaint.message;
  EXPECT_GE(message.size(), sizeof(complaint.message) - 3);
  EXPECT_NE(static_cast<unsigned char>(message.back()), 0xc3);  // the first half of an é
}

TEST_F(Misuse, NumbersOutOfRangeAreBadArguments) {
  crayon_session* session = open_session();
  const auto code_of = [&](auto change) {
    auto options = sized<crayon_generate_options>();
    change(options);
    return crayon_session_generate(session, "x", &options, nullptr, nullptr, nullptr, nullptr,
                                   nullptr);
  };
  EXPECT_EQ(code_of([](auto& o) { o.temperature = std::nanf(""); }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(code_of([](auto& o) { o.temperature = -1; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(code_of([](auto& o) { o.top_p = 2; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(code_of([](auto& o) { o.min_p = -1; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(code_of([](auto& o) { o.repetition_penalty = -1; }), CRAYON_BAD_ARGUMENT);
  EXPECT_WELL(crayon_session_close(session));

  const auto session_code = [&](auto change) {
    auto options = sized<crayon_session_options>();
    change(options);
    crayon_session* none = nullptr;
    return crayon_session_open(model, &options, &none, nullptr);
  };
  EXPECT_EQ(session_code([](auto& o) { o.kv = 9; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(session_code([](auto& o) { o.kv = -1; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(session_code([](auto& o) { o.context = 1u << 31; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(session_code([](auto& o) { o.distill = "magic"; }), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(session_code([](auto& o) { o.system = "Be kind."; }), CRAYON_BAD_ARGUMENT);

  auto threads = sized<crayon_model_options>();
  threads.threads = 100000;
  crayon_model* none = nullptr;
  EXPECT_EQ(
      crayon_model_open(runtime, example("models/device.crayon").c_str(), &threads, &none, nullptr),
      CRAYON_BAD_ARGUMENT);
  threads.threads = 1;
  threads.kernels = "abacus";
  EXPECT_EQ(
      crayon_model_open(runtime, example("models/device.crayon").c_str(), &threads, &none, nullptr),
      CRAYON_UNSUPPORTED_KERNELS);

  crayon_assistant* assistant = open_assistant();
  const crayon_turn turn{"user", "?"};
  const auto ask_code = [&](auto change, const crayon_turn& said) {
    auto options = sized<crayon_ask_options>();
    change(options);
    return crayon_assistant_ask(assistant, &said, 1, &options, nullptr, nullptr, nullptr, nullptr,
                                nullptr);
  };
  EXPECT_EQ(ask_code([](auto& o) { o.route = 9; }, turn), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(ask_code([](auto& o) { o.threshold = 2; }, turn), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(ask_code([](auto& o) { o.route = CRAYON_ROUTE_REMOTE; }, turn), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(ask_code([](auto&) {}, {"emperor", "?"}), CRAYON_BAD_ARGUMENT);
  EXPECT_WELL(crayon_assistant_close(assistant));
}

TEST_F(Misuse, BundlesOfOtherKindsAreRefused) {
  crayon_model* none = nullptr;
  EXPECT_EQ(
      crayon_model_open(runtime, example("pool/pool.crayon").c_str(), nullptr, &none, nullptr),
      CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(crayon_model_open(runtime, "/nowhere", nullptr, &none, nullptr), CRAYON_NOT_FOUND);
  EXPECT_EQ(
      crayon_model_open(runtime, example("models/README.md").c_str(), nullptr, &none, nullptr),
      CRAYON_MALFORMED);
  crayon_adapter* adapter = nullptr;
  EXPECT_EQ(crayon_adapter_open(model, example("pool/pool.crayon").c_str(), &adapter, nullptr),
            CRAYON_BAD_ARGUMENT);
  crayon_encoder* encoder = nullptr;
  EXPECT_EQ(crayon_encoder_open(runtime, example("models/device.crayon").c_str(), nullptr, &encoder,
                                nullptr),
            CRAYON_BAD_ARGUMENT);
  crayon_session* session = open_session();
  EXPECT_EQ(crayon_session_restore(session, example("models/device.crayon").c_str(), nullptr),
            CRAYON_BAD_ARGUMENT);
  EXPECT_WELL(crayon_session_close(session));

  crayon_model* other = nullptr;
  EXPECT_WELL(crayon_model_open(runtime, example("models/server.crayon").c_str(), nullptr, &other,
                                nullptr));
  crayon_pool* pool = nullptr;
  EXPECT_EQ(crayon_pool_open(other, example("pool/pool.crayon").c_str(), &pool, nullptr),
            CRAYON_WRONG_BASE);
  pool = open_pool();
  auto options = sized<crayon_assistant_options>();
  options.pool = pool;
  crayon_assistant* assistant = nullptr;
  EXPECT_EQ(crayon_assistant_open(other, &options, &assistant, nullptr), CRAYON_WRONG_BASE);
  EXPECT_WELL(crayon_pool_close(pool));
  EXPECT_WELL(crayon_model_close(other));
}

TEST_F(Misuse, CodesHaveTheNamesOfTheHeader) {
  EXPECT_STREQ(crayon_code_name(CRAYON_OK), "ok");
  EXPECT_STREQ(crayon_code_name(CRAYON_WRONG_BASE), "wrong_base");
  EXPECT_STREQ(crayon_code_name(CRAYON_CLOSED), "closed");
  EXPECT_STREQ(crayon_code_name(12345), "unknown");
}

}  // namespace
}  // namespace crayon::test
