#include "serving/routes.h"

#include "tests/support/support.h"

namespace crayon::serving {
namespace {

TEST(Routes, KnowsItsPaths) {
  EXPECT_EQ(route("GET", "/health").status, 200);
  EXPECT_EQ(route("GET", "/health").endpoint, Endpoint::health);
  EXPECT_EQ(route("GET", "/").endpoint, Endpoint::page);
  EXPECT_EQ(route("GET", "/v1/models?x=1").endpoint, Endpoint::models);
  EXPECT_EQ(route("HEAD", "/v1/models").status, 200);
  EXPECT_EQ(route("POST", "/v1/chat/completions").work, chat_completions);
  EXPECT_EQ(route("GET", "/v1/models/tiny:polite").endpoint, Endpoint::model);
  EXPECT_EQ(route("GET", "/v1/models/tiny:polite").rest, "tiny:polite");
  EXPECT_EQ(route("GET", "/v1/models/a%20b%2Fc%C3%A9").rest, "a b/c\xc3\xa9");
  EXPECT_EQ(route("GET", "/v1/models/50%").rest, "50%");
}

TEST(Routes, RefusesOtherPathsAndMethods) {
  for (const char* target :
       {"", "/index.html", "/v1", "/v1/models/", "/v1/chat/completions/x", "//health"}) {
    EXPECT_EQ(route("GET", target).status, 404) << target;
  }
  EXPECT_EQ(route("GET", "/v1/chat/completions").status, 405);
  EXPECT_EQ(route("HEAD", "/v1/chat/completions").status, 405);
  EXPECT_EQ(route("DELETE", "/health").status, 405);
  EXPECT_NE(route("PUT", "/health").message.find("GET"), std::string::npos);
}

TEST(Routes, WhatTheClientCanMendIsItsError) {
  EXPECT_EQ(status_of(Code::bad_argument), 400);
  EXPECT_EQ(status_of(Code::malformed), 400);
  EXPECT_EQ(status_of(Code::context_full), 400);
  EXPECT_EQ(status_of(Code::out_of_memory), 503);
  EXPECT_EQ(status_of(Code::io), 500);
}

TEST(Routes, ModelsAreJsonWhateverTheName) {
  EXPECT_EQ(models_json(std::vector<std::string>{"a\"b"}),
            R"({"object":"list","data":[{"id":"a\"b","object":"model","created":0,)"
            R"("owned_by":"crayon"}]})");
  EXPECT_NE(model_json("\xff").find("\xef\xbf\xbd"), std::string::npos);
}

}  // namespace
}  // namespace crayon::serving
