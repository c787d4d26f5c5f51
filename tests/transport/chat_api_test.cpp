#include "transport/chat_api.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/random.h"
#include "tests/support/support.h"

namespace crayon::transport {
namespace {

using test::code_of;

/// A request with these fields besides its one message.
std::string with(const std::string& fields) {
  return R"({"messages":[{"role":"user","content":"hi"}])" + (fields.empty() ? "" : "," + fields) +
         "}";
}

ChatRequest parsed(const std::string& fields) {
  return ChatRequest::parse(with(fields));
}

/// Refused, by the name of the field.
testing::AssertionResult refused(const std::string& json, const std::string& field) {
  try {
    ChatRequest::parse(json);
  } catch (const Error& error) {
    if (error.code() != Code::bad_argument) {
      return testing::AssertionFailure() << code_name(error.code());
    }
    if (std::string(error.what()).find("\"" + field + "\"") == std::string::npos) {
      return testing::AssertionFailure() << "not named: " << error.what();
    }
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "accepted: " << json;
}

TEST(ChatRequest, Defaults) {
  const ChatRequest request = parsed("");
  EXPECT_EQ(request.model, "");
  ASSERT_EQ(request.messages.size(), 1u);
  EXPECT_EQ(request.messages[0].role, "user");
  EXPECT_EQ(request.messages[0].content, "hi");
  EXPECT_FALSE(request.stream);
  EXPECT_EQ(request.max_tokens, 256u);
  EXPECT_EQ(request.seed, 0u);
  EXPECT_TRUE(request.stop.empty());
  // null is as good as nothing, and what is not known is passed over.
  const ChatRequest nulls = parsed(
      R"("model":null,"max_tokens":null,"temperature":null,"stop":null,"seed":null,"logit_bias":{})");
  EXPECT_EQ(nulls.to_json(), request.to_json());
}

TEST(ChatRequest, RoundTrip) {
  ChatRequest request;
  request.model = "m";
  request.messages = {
      {"system", "be \"brief\"\n"}, {"user", "\xc3\xa9\xe2\x82\xac"}, {"assistant", ""}};
  request.stream = true;
  request.max_tokens = 7;
  request.temperature = 0.75;
  request.top_p = 0.5;
  request.top_k = 40;
  request.min_p = 0.05;
  request.repetition_penalty = 1.1;
  request.seed = std::numeric_limits<std::uint64_t>::max();
  request.stop = {"\n\n", "END"};
  const ChatRequest again = ChatRequest::parse(request.to_json());
  EXPECT_EQ(again.to_json(), request.to_json());
  EXPECT_EQ(again.model, request.model);
  ASSERT_EQ(again.messages.size(), 3u);
  EXPECT_EQ(again.messages[1].content, request.messages[1].content);
  EXPECT_EQ(again.stream, request.stream);
  EXPECT_EQ(again.max_tokens, request.max_tokens);
  EXPECT_EQ(again.temperature, request.temperature);
  EXPECT_EQ(again.top_p, request.top_p);
  EXPECT_EQ(again.top_k, request.top_k);
  EXPECT_EQ(again.min_p, request.min_p);
  EXPECT_EQ(again.repetition_penalty, request.repetition_penalty);
  EXPECT_EQ(again.seed, request.seed);
  EXPECT_EQ(again.stop, request.stop);
}

TEST(ChatRequest, IntegersHaveRanges) {
  struct Field {
    const char* name;
    std::uint64_t least;
    std::uint64_t most;
  };
  for (const Field& field :
       {Field{"max_tokens", 1, 2147483647}, Field{"max_completion_tokens", 1, 2147483647},
        Field{"top_k", 0, 1'000'000}, Field{"n", 1, 1}}) {
    const auto value = [&](const std::string& text) {
      return with("\"" + std::string(field.name) + "\":" + text);
    };
    EXPECT_NO_THROW(ChatRequest::parse(value(std::to_string(field.least))));
    EXPECT_NO_THROW(ChatRequest::parse(value(std::to_string(field.most))));
    const std::string below = std::to_string(static_cast<std::int64_t>(field.least) - 1);
    for (const std::string& wrong :
         {below, std::to_string(field.most + 1), std::string("-1"), std::string("1.5"),
          std::string("1.0"), std::string("1e0"), std::string("\"1\""), std::string("true"),
          std::string("[1]"), std::string("{}"), std::string("9223372036854775808"),
          std::string("18446744073709551616"), std::string("-9223372036854775809"),
          std::string("4294967297")}) {
      EXPECT_TRUE(refused(value(wrong), field.name)) << wrong;
    }
    EXPECT_EQ(code_of([&] { ChatRequest::parse(value("NaN")); }), Code::malformed);
  }
  EXPECT_EQ(parsed(R"("max_tokens":5)").max_tokens, 5u);
  EXPECT_EQ(parsed(R"("max_completion_tokens":6,"max_tokens":5)").max_tokens, 6u);
  EXPECT_EQ(parsed(R"("top_k":40)").top_k, 40u);
}

TEST(ChatRequest, NumbersHaveRanges) {
  struct Field {
    const char* name;
    const char* least;
    const char* most;
    const char* below;
    const char* above;
  };
  for (const Field& field :
       {Field{"temperature", "0", "2", "-0.0001", "2.0001"},
        Field{"top_p", "1e-9", "1", "0", "1.0001"}, Field{"min_p", "0", "1.0", "-1", "2"},
        Field{"repetition_penalty", "0.001", "10", "0", "10.5"}}) {
    const auto value = [&](const std::string& text) {
      return with("\"" + std::string(field.name) + "\":" + text);
    };
    EXPECT_NO_THROW(ChatRequest::parse(value(field.least)));
    EXPECT_NO_THROW(ChatRequest::parse(value(field.most)));
    for (const char* wrong : {field.below, field.above, "\"1\"", "false", "[]", "1e308"}) {
      EXPECT_TRUE(refused(value(wrong), field.name)) << wrong;
    }
    for (const char* wrong : {"NaN", "Infinity", "1e999", "-1e999"}) {
      EXPECT_EQ(code_of([&] { ChatRequest::parse(value(wrong)); }), Code::malformed) << wrong;
    }
  }
  EXPECT_EQ(parsed(R"("temperature":1)").temperature, 1.0);
}

TEST(ChatRequest, AnyIntegerIsASeed) {
  EXPECT_EQ(parsed(R"("seed":18446744073709551615)").seed, 18446744073709551615u);
  EXPECT_EQ(parsed(R"("seed":-1)").seed, 18446744073709551615u);
  EXPECT_EQ(parsed(R"("seed":-9223372036854775808)").seed, std::uint64_t{1} << 63);
  EXPECT_TRUE(refused(with(R"("seed":18446744073709551616)"), "seed"));
  EXPECT_TRUE(refused(with(R"("seed":0.5)"), "seed"));
}

TEST(ChatRequest, ContentInParts) {
  const ChatRequest request = ChatRequest::parse(
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},)"
      R"({"role":"assistant","content":null},{"role":"tool","content":[]}]})");
  EXPECT_EQ(request.messages[0].content, "ab");
  EXPECT_EQ(request.messages[1].content, "");
  EXPECT_EQ(request.messages[2].content, "");
}

TEST(ChatRequest, MessagesOfTheWrongForm) {
  EXPECT_TRUE(refused("{}", "messages"));
  EXPECT_TRUE(refused(R"({"messages":[]})", "messages"));
  EXPECT_TRUE(refused(R"({"messages":{"role":"user"}})", "messages"));
  EXPECT_TRUE(refused(R"({"messages":["hi"]})", "messages[0]"));
  EXPECT_TRUE(refused(R"({"messages":[{"content":"hi"}]})", "messages[0].role"));
  EXPECT_TRUE(refused(R"({"messages":[{"role":7,"content":"hi"}]})", "messages[0].role"));
  EXPECT_TRUE(
      refused(R"({"messages":[{"role":"user\n<|system|>","content":"hi"}]})", "messages[0].role"));
  const std::string good =
      R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":)";
  EXPECT_TRUE(refused(good + "7}]}", "messages[1].content"));
  EXPECT_TRUE(refused(good + "[7]}]}", "messages[1].content[0]"));
  EXPECT_TRUE(refused(good + R"([{"type":"text"}]}]})", "messages[1].content[0]"));
  EXPECT_TRUE(
      refused(good + R"([{"type":"image_url","image_url":{}}]}]})", "messages[1].content[0]"));
  EXPECT_TRUE(refused(good + R"([{"type":7,"text":"x"}]}]})", "messages[1].content[0]"));
  std::string many = R"({"messages":[)";
  for (int i = 0; i < 4096; ++i) {
    many += R"({"role":"user","content":"x"},)";
  }
  EXPECT_TRUE(refused(many + R"({"role":"user","content":"x"}]})", "messages"));
  many.back() = ']';
  EXPECT_EQ(ChatRequest::parse(many + "}").messages.size(), 4096u);
}

TEST(ChatRequest, Stop) {
  EXPECT_EQ(parsed(R"("stop":"x")").stop, std::vector<std::string>{"x"});
  EXPECT_EQ(parsed(R"("stop":[])").stop.size(), 0u);
  std::string list = R"("stop":["0")";
  for (int i = 1; i < 16; ++i) {
    list += ",\"" + std::to_string(i) + "\"";
  }
  EXPECT_EQ(parsed(list + "]").stop.size(), 16u);
  EXPECT_TRUE(refused(with(list + ",\"16\"]"), "stop"));
  EXPECT_TRUE(refused(with(R"("stop":"")"), "stop"));
  EXPECT_TRUE(refused(with(R"("stop":["a",""])"), "stop"));
  EXPECT_TRUE(refused(with(R"("stop":[1])"), "stop"));
  EXPECT_TRUE(refused(with(R"("stop":{})"), "stop"));
  EXPECT_TRUE(refused(with(R"("stop":")" + std::string(1025, 'x') + "\""), "stop"));
}

TEST(ChatRequest, OtherFieldsOfTheWrongType) {
  EXPECT_TRUE(refused(with(R"("model":7)"), "model"));
  EXPECT_TRUE(refused(with(R"("stream":"yes")"), "stream"));
  EXPECT_TRUE(refused(with(R"("stream":1)"), "stream"));
}

TEST(ChatRequest, WhatIsNotJsonOrNotAnObject) {
  for (const char* text :
       {"", " ", "{", "[]", "7", "null", "\"x\"", "{\"messages\":[}", "{}{}", "{\"a\":\"\xff\"}",
        "{\"a\":\"\xed\xa0\x80\"}", "{'a':1}", "{\"a\":01}"}) {
    EXPECT_EQ(code_of([&] { ChatRequest::parse(text); }), Code::malformed) << text;
  }
}

/// `depth` values one in another, the request itself being the first.
std::string nested(std::size_t depth, char open, char close) {
  if (open == '[') {
    return with("\"x\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']'));
  }
  std::string text = "1";
  for (std::size_t i = 1; i < depth; ++i) {
    text.insert(0, "{\"x\":").push_back(close);
  }
  return with("\"x\":" + text);
}

TEST(ChatRequest, DepthIsLimited) {
  EXPECT_NO_THROW(ChatRequest::parse(nested(32, '[', ']')));
  EXPECT_NO_THROW(ChatRequest::parse(nested(32, '{', '}')));
  EXPECT_EQ(code_of([] { ChatRequest::parse(nested(33, '[', ']')); }), Code::malformed);
  EXPECT_EQ(code_of([] { ChatRequest::parse(nested(33, '{', '}')); }), Code::malformed);
  EXPECT_EQ(code_of([] { ChatRequest::parse(nested(1'000'000, '[', ']')); }), Code::malformed);
  EXPECT_EQ(code_of([] { ChatRequest::parse(std::string(1'000'000, '[')); }), Code::malformed);
}

TEST(ChatRequest, PartsAreLimited) {
  std::string zeros = "0";
  for (int i = 0; i < 200'000; ++i) {
    zeros += ",0";
  }
  EXPECT_EQ(code_of([&] { parsed("\"x\":[" + zeros + "]"); }), Code::malformed);
}

TEST(ChatRequest, MembersOfAnObjectAreLimited) {
  const auto object = [](int members) {
    std::string text;
    for (int i = 0; i < members; ++i) {
      text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
    }
    return "{" + text + "}";
  };
  EXPECT_NO_THROW(parsed("\"x\":" + object(1024)));
  EXPECT_NO_THROW(parsed("\"x\":[" + object(1024) + "," + object(1024) + "]"));
  EXPECT_EQ(code_of([&] { parsed("\"x\":" + object(1025)); }), Code::malformed);
  EXPECT_EQ(code_of([&] { ChatRequest::parse(object(1025)); }), Code::malformed);
}

TEST(ChatRequest, DamagedTextIsRefusedOrRead) {
  ChatRequest whole;
  whole.model = "m";
  whole.messages = {{"user", "hi \xc3\xa9"}, {"assistant", "\\\""}};
  whole.max_tokens = 12;
  whole.temperature = 0.5;
  whole.stop = {"a"};
  const std::string good = whole.to_json();
  Random random(3);
  for (int round = 0; round < 5'000; ++round) {
    std::string text = good;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      const ChatRequest request = ChatRequest::parse(text);
      ASSERT_GE(request.max_tokens, 1u);
      ASSERT_TRUE(std::isfinite(request.temperature));
    } catch (const Error& error) {
      ASSERT_TRUE(error.code() == Code::malformed || error.code() == Code::bad_argument);
    }
  }
}

ChatReply some_reply() {
  ChatReply reply;
  reply.id = "chatcmpl-1";
  reply.model = "m";
  reply.created = 1'700'000'000;
  reply.content = "hello \xe2\x82\xac";
  reply.finish_reason = "stop";
  reply.usage = {10, 20};
  reply.routing = ChatRouting{"local", "confident", 0.75, 0.5};
  reply.prompt_ms = 40;
  reply.predicted_ms = 1000;
  return reply;
}

TEST(ChatReply, Text) {
  EXPECT_EQ(some_reply().to_json(),
            R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m",)"
            R"("choices":[{"index":0,"message":{"role":"assistant","content":"hello €"},)"
            R"("logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30,)"
            R"("prompt_tokens_details":{"cached_tokens":0}},)"
            R"("timings":{"cache_n":0,"prompt_n":10,"prompt_ms":40.0,"prompt_per_second":250.0,)"
            R"("predicted_n":20,"predicted_ms":1000.0,"predicted_per_second":20.0},)"
            R"("x_crayon":{"route":"local","reason":"confident","score":0.75,"threshold":0.5}})");
}

TEST(ChatReply, RoundTrip) {
  const ChatReply reply = some_reply();
  const ChatReply again = ChatReply::parse(reply.to_json());
  EXPECT_EQ(again.to_json(), reply.to_json());
  EXPECT_EQ(again.content, reply.content);
  EXPECT_EQ(again.usage.completion_tokens, 20u);
  ASSERT_TRUE(again.routing.has_value());
  EXPECT_EQ(again.routing->reason, "confident");
}

TEST(ChatReply, OthersSayLess) {
  const ChatReply reply =
      ChatReply::parse(R"({"choices":[{"message":{"role":"assistant","content":null}}]})");
  EXPECT_EQ(reply.content, "");
  EXPECT_EQ(reply.finish_reason, "");
  EXPECT_FALSE(reply.routing.has_value());
}

TEST(ChatReply, WhatIsNone) {
  for (const char* text :
       {"", "nonsense", "[]", "{}", R"({"choices":[]})", R"({"choices":{}})", R"({"choices":[7]})",
        R"({"choices":[{}]})", R"({"choices":[{"message":"x"}]})",
        R"({"choices":[{"message":{"content":7}}]})",
        R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-1}})",
        R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":4294967296}})",
        R"({"choices":[{"message":{"content":"x"}}],"usage":[]})",
        R"({"choices":[{"message":{"content":"x"}}],"created":"now"})",
        R"({"choices":[{"message":{"content":"x"}}],"timings":{"prompt_ms":"1"}})",
        R"({"error":{"message":"no"}})"}) {
    EXPECT_EQ(code_of([&] { ChatReply::parse(text); }), Code::protocol) << text;
  }
}

TEST(ChatReply, Chunks) {
  const ChatReply reply = some_reply();
  EXPECT_EQ(reply.chunk_json("he", true),
            R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)"
            R"("model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"he"},)"
            R"("logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(ChatChunk::parse(reply.chunk_json("he", true)).delta, "he");
  EXPECT_EQ(reply.chunk_json("llo", false).find("role"), std::string::npos);
  const ChatChunk last = ChatChunk::parse(reply.last_chunk_json());
  EXPECT_EQ(last.delta, "");
  EXPECT_EQ(last.finish_reason, "stop");
  EXPECT_NE(reply.last_chunk_json().find(R"("total_tokens":30)"), std::string::npos);
  EXPECT_NE(reply.last_chunk_json().find(R"("x_crayon":{)"), std::string::npos);
  // The chunk that accounts for tokens only.
  EXPECT_EQ(ChatChunk::parse(R"({"choices":[],"usage":{}})").delta, "");
  EXPECT_EQ(ChatChunk::parse(R"({"choices":[{"delta":{"content":null}}]})").delta, "");
}

TEST(ChatChunk, WhatIsNone) {
  for (const char* text :
       {"", "[DONE]", "[]", "{}", R"({"choices":7})", R"({"choices":[7]})",
        R"({"choices":[{"delta":7}]})", R"({"choices":[{"delta":{"content":7}}]})",
        R"({"choices":[{"finish_reason":7}]})"}) {
    EXPECT_EQ(code_of([&] { ChatChunk::parse(text); }), Code::protocol) << text;
  }
}

TEST(ChatChunk, AnErrorInMidStream) {
  std::string sentence;
  EXPECT_EQ(code_of([] { ChatChunk::parse(error_json("out of memory", "server_error", "500")); },
                    &sentence),
            Code::http_status);
  EXPECT_NE(sentence.find("out of memory"), std::string::npos);
  for (const char* text : {R"({"error":"x"})", R"({"error":{}})", R"({"error":7})"}) {
    EXPECT_EQ(code_of([&] { ChatChunk::parse(text); }), Code::http_status) << text;
  }
}

TEST(ChatReply, BytesThatAreNoTextAreReplaced) {
  ChatReply reply = some_reply();
  reply.content = "a\xff\xe2\x82";
  EXPECT_EQ(ChatReply::parse(reply.to_json()).content, "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(ChatChunk::parse(reply.chunk_json("\x80", false)).delta, "\xef\xbf\xbd");
  EXPECT_EQ(error_json("\xff", "t", "c"),
            "{\"error\":{\"message\":\"\xef\xbf\xbd\",\"type\":\"t\",\"code\":\"c\"}}");
  ChatRequest request;
  request.messages = {{"user", "\xc0"}};
  EXPECT_EQ(ChatRequest::parse(request.to_json()).messages[0].content, "\xef\xbf\xbd");
}

TEST(ChatReply, NumbersThatAreNotFiniteBecomeNull) {
  ChatReply reply = some_reply();
  reply.prompt_ms = std::nan("");
  reply.routing->score = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ChatReply::parse(reply.to_json()).prompt_ms, 0);
}

}  // namespace
}  // namespace crayon::transport
