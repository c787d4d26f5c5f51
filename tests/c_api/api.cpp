#include "tests/c_api/api.h"

#include "tests/support/support.h"

namespace crayon::test {

std::string example(const std::string& name) {
  return (data().parent_path().parent_path() / "examples" / name).string();
}

void expect_well(crayon_code code, const char* call) {
  EXPECT_EQ(code, CRAYON_OK) << crayon_code_name(code) << " of " << call;
}

void WithModel::SetUpTestSuite() {
  EXPECT_WELL(crayon_runtime_open(nullptr, &runtime, nullptr));
  crayon_model_options options = sized<crayon_model_options>();
  options.threads = 2;
  EXPECT_WELL(crayon_model_open(runtime, example("models/device.crayon").c_str(), &options, &model,
                                nullptr));
}

void WithModel::TearDownTestSuite() {
  EXPECT_WELL(crayon_model_close(model));
  EXPECT_WELL(crayon_runtime_close(runtime));  // which says that each test closed what it opened
}

crayon_session* WithModel::open_session(const crayon_session_options* options) {
  crayon_session* session = nullptr;
  EXPECT_WELL(crayon_session_open(model, options, &session, nullptr));
  return session;
}

crayon_assistant* WithModel::open_assistant(const crayon_assistant_options* options) {
  crayon_assistant* assistant = nullptr;
  EXPECT_WELL(crayon_assistant_open(model, options, &assistant, nullptr));
  return assistant;
}

crayon_pool* WithModel::open_pool() {
  crayon_pool* pool = nullptr;
  EXPECT_WELL(crayon_pool_open(model, example("pool/pool.crayon").c_str(), &pool, nullptr));
  return pool;
}

std::string generate(crayon_session* session, const char* prompt, std::uint32_t tokens) {
  crayon_generate_options options = sized<crayon_generate_options>();
  options.max_tokens = tokens;
  options.ignore_end = 1;
  char* text = nullptr;
  Complaint complaint;
  EXPECT_EQ(crayon_session_generate(session, prompt, &options, nullptr, nullptr, &text, nullptr,
                                    &complaint),
            CRAYON_OK)
      << complaint.message;
  const std::string result = text != nullptr ? text : "";
  crayon_text_free(text);
  return result;
}

std::string ask(crayon_assistant* assistant, const char* question) {
  const crayon_turn turn{"user", question};
  char* text = nullptr;
  Complaint complaint;
  EXPECT_EQ(crayon_assistant_ask(assistant, &turn, 1, nullptr, nullptr, nullptr, &text, nullptr,
                                 &complaint),
            CRAYON_OK)
      << complaint.message;
  const std::string result = text != nullptr ? text : "";
  crayon_text_free(text);
  return result;
}

}  // namespace crayon::test
