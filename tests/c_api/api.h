#pragma once

#include <crayon/crayon.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace crayon::test {

/// examples/ of the source tree.
std::string example(const std::string& name);

/// crayon_error, ready to be used.
struct Complaint : crayon_error {
  Complaint() : crayon_error{sizeof(crayon_error), CRAYON_OK, "", ""} {}
};

/// Options or results with their size.
template <typename Struct>
Struct sized() {
  Struct value{};
  value.size = sizeof(Struct);
  return value;
}

/// A runtime with the example model, which takes a moment to load: one for all tests of a suite.
class WithModel : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  static crayon_session* open_session(const crayon_session_options* options = nullptr);
  static crayon_assistant* open_assistant(const crayon_assistant_options* options = nullptr);
  static crayon_pool* open_pool();

  static inline crayon_runtime* runtime = nullptr;
  static inline crayon_model* model = nullptr;
};

/// What a session makes of a prompt, greedily; `tokens` at most.
std::string generate(crayon_session* session, const char* prompt, std::uint32_t tokens = 8);

/// What an assistant answers to one question.
std::string ask(crayon_assistant* assistant, const char* question);

/// Expects that a call went well, and says why it did not.
#define EXPECT_WELL(call) ::crayon::test::expect_well((call), #call)
void expect_well(crayon_code code, const char* call);

}  // namespace crayon::test
