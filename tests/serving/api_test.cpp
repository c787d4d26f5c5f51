// The endpoints besides chats, and what all of them have in common.

#include <algorithm>

#include "runtime/generation/log_probability.h"
#include "tests/serving/running.h"

namespace crayon::serving {
namespace {

json completion_for(const std::string& prompt) {
  return {{"prompt", prompt}, {"max_tokens", 8}, {"temperature", 1.0}, {"seed", 5}};
}

json post_json(const Running& running, const std::string& path, const json& request) {
  const ClientResponse response = running.post_to(path, request.dump());
  EXPECT_EQ(response.status, 200) << response.body;
  return json::parse(response.body);
}

json complete(const Running& running, const json& request) {
  return post_json(running, "/v1/completions", request);
}

generation::Generated expected_completion(const std::string& prompt) {
  const TinyModel& tiny = TinyModel::get();
  const auto session = tiny.session();
  return generation::generate(tiny.model(), tiny.tokenizer(), *session,
                              tiny.tokenizer().encode(prompt),
                              {.max_tokens = 8, .sampler = {.temperature = 1.0f, .seed = 5}}, {});
}

TEST(Completions, GoOnWithTheTextAsItStands) {
  const Running running;
  const json reply = complete(running, completion_for("Once upon"));
  const generation::Generated expected = expected_completion("Once upon");
  EXPECT_EQ(reply.at("object"), "text_completion");
  EXPECT_EQ(reply.at("choices").at(0).at("text"), expected.text);
  EXPECT_TRUE(reply.at("choices").at(0).at("logprobs").is_null());
  EXPECT_EQ(reply.at("usage").at("prompt_tokens"), expected.prompt_tokens);
  EXPECT_EQ(reply.at("usage").at("completion_tokens"), expected.tokens.size());
  // The same as tokens, and in a list of one.
  for (const json& prompt :
       {json(TinyModel::get().tokenizer().encode("Once upon")), json({"Once upon"})}) {
    json request = completion_for("");
    request["prompt"] = prompt;
    EXPECT_EQ(complete(running, request).at("choices").at(0).at("text"), expected.text);
  }
}

TEST(Completions, AStreamSaysTheSame) {
  const Running running;
  json request = completion_for("Once upon");
  request["stream_options"] = {{"include_usage", true}};
  request["logprobs"] = 1;
  const std::vector<std::string> events = events_of(running, request, "/v1/completions");
  ASSERT_GE(events.size(), 4u);
  std::string text;
  std::size_t tokens = 0;
  for (std::size_t i = 0; i + 3 < events.size(); ++i) {
    const json choice = json::parse(events[i]).at("choices").at(0);
    EXPECT_EQ(choice.at("logprobs").at("text_offset").at(0),
              std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
    tokens += choice.at("logprobs").at("tokens").size();
    text += choice.at("text");
  }
  EXPECT_EQ(text, expected_completion("Once upon").text);
  EXPECT_EQ(tokens, 8u);
  const json usage = json::parse(events[events.size() - 2]);
  EXPECT_TRUE(usage.at("choices").empty());
  EXPECT_EQ(usage.at("usage").at("completion_tokens"), 8);
}

TEST(Completions, EchoWithLogprobsIsTheLikelihoodOfTheText) {
  const Running running;
  json request = completion_for("Once upon a time");
  request["echo"] = true;
  request["logprobs"] = 2;
  request["max_tokens"] = 0;
  const json choice = complete(running, request).at("choices").at(0);
  EXPECT_EQ(choice.at("text"), "Once upon a time");
  const json& scores = choice.at("logprobs").at("token_logprobs");
  const TinyModel& tiny = TinyModel::get();
  const auto tokens = tiny.tokenizer().encode("Once upon a time");
  ASSERT_EQ(scores.size(), tokens.size());
  EXPECT_TRUE(scores.at(0).is_null());
  // Against the logits themselves.
  const auto session = tiny.session();
  const std::size_t vocab = tiny.model().config().vocab_size;
  std::vector<float> logits(tokens.size() * vocab);
  tiny.model().forward(*session, tokens, model::Logits::all, logits);
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const auto row = std::span(logits).subspan((i - 1) * vocab, vocab);
    EXPECT_DOUBLE_EQ(scores.at(i).get<double>(), generation::log_probability(row, tokens[i]));
    EXPECT_LE(choice.at("logprobs").at("top_logprobs").at(i).size(), 2u);
  }
  request["max_tokens"] = 3;
  const json longer = complete(running, request).at("choices").at(0);
  EXPECT_EQ(longer.at("logprobs").at("tokens").size(), tokens.size() + 3);
}

TEST(Completions, RefuseWhatTheyCannotDo) {
  const Running running;
  const auto refuse = [&](const char* field, const json& value) {
    json request = completion_for("Once");
    request[field] = value;
    const std::string sentence = error_of(running.post_to("/v1/completions", request.dump()), 400);
    EXPECT_NE(sentence.find(field), std::string::npos) << sentence;
  };
  refuse("prompt", nullptr);
  refuse("prompt", json::array());
  refuse("prompt", {"one", "two"});
  refuse("prompt", {1, "two"});
  refuse("prompt", {-1});
  refuse("best_of", 2);
  refuse("suffix", "end");
  refuse("logprobs", 21);
  refuse("logprobs", true);
  refuse("max_tokens", 0);
  EXPECT_EQ(running.post_to("/v1/completions", R"({"prompt":[999999]})").status, 400);
  EXPECT_EQ(running.post_to("/v1/completions", R"({"prompt":""})").status == 500, false);
}

TEST(Chats, ReportLogProbabilities) {
  const Running running;
  json request = request_for("Why?");
  request["logprobs"] = true;
  request["top_logprobs"] = 3;
  const json choice = json::parse(running.post(request.dump()).body).at("choices").at(0);
  const json& content = choice.at("logprobs").at("content");
  EXPECT_EQ(content.size(), 12u);
  for (const json& token : content) {
    EXPECT_EQ(token.at("top_logprobs").size(), 3u);
    EXPECT_GE(token.at("top_logprobs").at(0).at("logprob"), token.at("logprob"));
    EXPECT_LE(token.at("logprob"), 0.0);
  }
  std::size_t streamed = 0;
  for (const std::string& event : events_of(running, request)) {
    const json chunk = event == "[DONE]" ? json() : json::parse(event);
    if (!chunk.is_null() && chunk.at("choices").at(0).contains("logprobs")) {
      streamed += chunk.at("choices").at(0).at("logprobs").at("content").size();
    }
  }
  EXPECT_GE(streamed, 11u);  // the last may belong to white space that is not shown
}

TEST(Chats, AnAnswerInJsonIsJson) {
  const Running running;
  for (int seed = 0; seed < 5; ++seed) {
    json request = request_for("Why?");
    request["seed"] = seed;
    request["max_tokens"] = 60;
    request["response_format"] = {{"type", "json_object"}};
    const json choice = json::parse(running.post(request.dump()).body).at("choices").at(0);
    const std::string text = choice.at("message").at("content");
    EXPECT_EQ(text.front(), '{');
    if (choice.at("finish_reason") == "stop") {
      EXPECT_TRUE(json::parse(text).is_object()) << text;
    }
  }
}

TEST(Chats, AConversationThatGoesOnIsNotReadAgain) {
  const Running running;
  json request = request_for("Why is the sky blue?");
  const json first = json::parse(running.post(request.dump()).body);
  EXPECT_EQ(first.at("timings").at("cache_n"), 0);
  request["messages"].push_back(first.at("choices").at(0).at("message"));
  request["messages"].push_back({{"role", "user"}, {"content", "Are you sure?"}});
  const json second = json::parse(running.post(request.dump()).body);
  const std::uint32_t cached = second.at("timings").at("cache_n");
  EXPECT_GE(cached, first.at("usage").at("prompt_tokens").get<std::uint32_t>() - 1);
  EXPECT_EQ(second.at("usage").at("prompt_tokens_details").at("cached_tokens"), cached);
}

TEST(Embeddings, AreVectorsOfLengthOne) {
  const Running running;
  const json reply = post_json(running, "/v1/embeddings", {{"input", {"rain", "snow"}}});
  ASSERT_EQ(reply.at("data").size(), 2u);
  const std::vector<float> rain = reply.at("data").at(0).at("embedding");
  EXPECT_EQ(rain.size(), TinyModel::get().model().config().dim);
  double length = 0;
  for (const float value : rain) {
    length += static_cast<double>(value) * static_cast<double>(value);
  }
  EXPECT_NEAR(length, 1.0, 1e-4);
  const json coded =
      post_json(running, "/v1/embeddings", {{"input", "rain"}, {"encoding_format", "base64"}});
  EXPECT_EQ(coded.at("data").at(0).at("embedding").get<std::string>().size(),
            (rain.size() * 4 + 2) / 3 * 4);
  EXPECT_EQ(running.post_to("/v1/embeddings", R"({"input":[]})").status, 400);
  EXPECT_EQ(running.post_to("/v1/embeddings", R"({"input":""})").status == 500, false);
}

TEST(Tokens, GoThereAndBack) {
  const Running running;
  const json tokens = post_json(running, "/tokenize", {{"content", "Hello there"}}).at("tokens");
  EXPECT_EQ(tokens, json(TinyModel::get().tokenizer().encode("Hello there", {.add_bos = false})));
  EXPECT_EQ(post_json(running, "/detokenize", {{"tokens", tokens}}).at("content"), "Hello there");
  const json pieces =
      post_json(running, "/tokenize", {{"content", "Hello"}, {"with_pieces", true}}).at("tokens");
  EXPECT_TRUE(pieces.at(0).at("piece").is_string());
  EXPECT_EQ(running.post_to("/detokenize", R"({"tokens":[-1]})").status, 400);
  EXPECT_EQ(running.post_to("/tokenize", "{}").status, 400);
}

TEST(Models, AreNamedAndOthersAreNotFound) {
  const Running running;
  EXPECT_EQ(json::parse(running.get("/v1/models/tiny").body).at("id"), "tiny");
  error_of(running.get("/v1/models/other"), 404);
  json request = request_for("Why?");
  request["model"] = "tiny";
  EXPECT_EQ(running.post(request.dump()).status, 200);
  request["model"] = "other";
  EXPECT_NE(error_of(running.post(request.dump()), 404).find("tiny"), std::string::npos);
  request["model"] = "tiny";
  request["lora"] = {{{"id", "polite"}}};
  error_of(running.post(request.dump()), 400);
  request["lora"] = json::array();
  EXPECT_EQ(running.post(request.dump()).status, 200);
  error_of(running.get("/v1/adapters/pool"), 404);
  error_of(running.post_to("/v1/adapters/blend", R"({"weights":[1]})"), 404);
}

TEST(ApiKey, LetsInWhoHasIt) {
  Arrangement setup = arranged(Route::local);
  setup.serve.api_key = "secret";
  const Running running(setup);
  const auto status_with = [&](const std::string& path, const std::string& authorization) {
    transport::ClientRequest request{.url = running.url(path)};
    if (!authorization.empty()) {
      request.headers = {{"Authorization", authorization}};
    }
    return transport::fetch(request).status;
  };
  for (const char* wrong : {"", "secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets",
                            "Bearer Secret", "Basic secret"}) {
    EXPECT_EQ(status_with("/v1/models", wrong), 401) << wrong;
    EXPECT_EQ(status_with("/nowhere", wrong), 401) << wrong;
  }
  EXPECT_EQ(status_with("/v1/models", "Bearer secret"), 200);
  EXPECT_EQ(status_with("/v1/models", "bearer secret"), 200);
  EXPECT_EQ(status_with("/health", ""), 200);
  error_of(running.get("/metrics"), 401);
}

TEST(MetricsEndpoint, CountsWhatWasDone) {
  const Running running;
  running.post(request_for("Why?").dump());
  running.post("{");
  const ClientResponse response = running.get("/metrics");
  EXPECT_EQ(transport::header(response.headers, "Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"crayon_requests_total{endpoint=\"/v1/chat/completions\",status=\"200\"} 1\n",
        "crayon_requests_total{endpoint=\"/v1/chat/completions\",status=\"400\"} 1\n",
        "crayon_answers_total{route=\"local\"} 1\n", "crayon_generated_tokens_total 12\n",
        "crayon_time_to_first_token_seconds_count 1\n",
        "crayon_time_to_first_token_seconds_bucket{le=\"+Inf\"} 1\n",
        "crayon_requests_waiting 0\n"}) {
    EXPECT_NE(response.body.find(line), std::string::npos) << line << response.body;
  }
}

/// Every integer of a request around its borders, and what is no integer at all.
TEST(Hardening, IntegersAtTheirBorders) {
  const Running running;
  struct Field {
    const char* name;
    std::int64_t least;
    std::int64_t most;
  };
  for (const Field& field : {Field{"max_tokens", 1, 4096}, Field{"max_completion_tokens", 1, 4096},
                             Field{"top_k", 0, 1'000'000}, Field{"n", 1, 1}}) {
    const auto status = [&](const std::string& value) {
      json request = request_for("Why?");
      request.erase("max_tokens");
      std::string text = request.dump();
      text.insert(1, "\"" + std::string(field.name) + "\":" + value + ",");
      return running.post(text).status;
    };
    EXPECT_EQ(status(std::to_string(field.least)), 200) << field.name;
    EXPECT_EQ(status(std::to_string(field.least - 1)), 400) << field.name;
    EXPECT_EQ(status(std::to_string(field.most + 1)), 400) << field.name;
    for (const char* odd : {"NaN", "1e999", "-0.5", "1.5", "\"1\"", "[]", "{}", "true",
                            "99999999999999999999999999", "-9223372036854775808"}) {
      EXPECT_EQ(status(odd), 400) << field.name << " " << odd;
    }
  }
}

TEST(Hardening, NumbersThatAreNone) {
  const Running running;
  for (const char* field : {"temperature", "top_p", "min_p", "repetition_penalty"}) {
    for (const char* odd : {"NaN", "Infinity", "-1", "1e400", "\"0.5\"", "[0.5]", "1000"}) {
      json request = request_for("Why?");
      request.erase("temperature");
      std::string text = request.dump();
      text.insert(1, "\"" + std::string(field) + "\":" + odd + ",");
      EXPECT_EQ(running.post(text).status, 400) << field << " " << odd;
    }
  }
}

TEST(Hardening, DeepAndWideJsonOnEveryEndpoint) {
  const Running running;
  for (const char* path :
       {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize", "/detokenize"}) {
    for (const std::string& body :
         {std::string(200'000, '['), std::string(200'000, '{'), std::string("\"\\ud800\""),
          "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", std::string("null"),
          std::string("{\"messages\":null}"), std::string("\xff\xfe"), std::string()}) {
      const int status = running.post_to(path, body).status;
      EXPECT_EQ(status, 400) << path << " " << body.substr(0, 20);
    }
  }
  EXPECT_EQ(running.get("/health").status, 200);
}

TEST(Hardening, ABodyBeyondTheLimitIsRefusedUnread) {
  const Running running;
  EXPECT_EQ(running.post(std::string(std::size_t{64} << 20, ' ')).status, 413);
  EXPECT_EQ(running.get("/health").status, 200);
}

}  // namespace
}  // namespace crayon::serving
