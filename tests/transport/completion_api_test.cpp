#include "transport/completion_api.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"
#include "transport/json.h"

namespace crayon::transport {
namespace {

using test::code_of;

/// The field that a request of this kind is refused for; empty when it is accepted.
template <typename Parse>
std::string refused_field(const Parse& parse, std::string_view json) {
  try {
    parse(json);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_argument) << json;
    const std::string sentence = error.what();
    const std::size_t begin = sentence.find('"') + 1;
    return sentence.substr(begin, sentence.find('"', begin) - begin);
  }
  return {};
}

Json read(const std::string& text) {
  return parse_json(text, "the reply");
}

TEST(CompletionRequest, ReadsATextOrTokens) {
  const CompletionRequest least = CompletionRequest::parse(R"({"prompt":"Once"})");
  EXPECT_EQ(least.prompt.text, "Once");
  EXPECT_EQ(least.max_tokens, 16u);
  EXPECT_FALSE(least.echo);
  EXPECT_FALSE(least.logprobs);

  const CompletionRequest scored = CompletionRequest::parse(
      R"({"prompt":[[1,2,3]],"max_tokens":0,"echo":true,"logprobs":2,"best_of":1,"suffix":""})");
  EXPECT_EQ(scored.prompt.tokens, (std::vector<std::int32_t>{1, 2, 3}));
  EXPECT_EQ(scored.max_tokens, 0u);
  EXPECT_TRUE(scored.echo);
  EXPECT_EQ(scored.logprobs, 2u);
}

TEST(CompletionRequest, RefusesByField) {
  const auto field = [](std::string_view json) {
    return refused_field(CompletionRequest::parse, json);
  };
  EXPECT_EQ(field(R"({})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":null})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":5})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":[]})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":["a","b"]})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":[true]})"), "prompt[0]");
  EXPECT_EQ(field(R"({"prompt":[1,-1]})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":[1,4294967296]})"), "prompt");
  EXPECT_EQ(field(R"({"prompt":"a","max_tokens":0})"), "max_tokens");
  EXPECT_EQ(field(R"({"prompt":"a","logprobs":-1})"), "logprobs");
  EXPECT_EQ(field(R"({"prompt":"a","best_of":2})"), "best_of");
  EXPECT_EQ(field(R"({"prompt":"a","suffix":"z"})"), "suffix");
  EXPECT_EQ(field(R"({"prompt":"a","echo":true,"stream":true})"), "echo");
  EXPECT_EQ(field(R"({"prompt":"a","x_crayon":{"emphasis":[]}})"), "x_crayon.emphasis");
  EXPECT_EQ(field(R"({"prompt":"a","x_crayon":{"other":1}})"), "");
  for (const char* text : {"[]", "5", "{", ""}) {
    EXPECT_EQ(code_of([&] { CompletionRequest::parse(text); }), Code::malformed) << text;
  }
}

CompletionReply reply() {
  CompletionReply reply;
  reply.id = "cmpl-1";
  reply.model = "m";
  reply.created = 5;
  reply.text = "h\u00e9!";
  reply.finish_reason = "stop";
  reply.usage = {.prompt_tokens = 3, .completion_tokens = 2, .cached_tokens = 1};
  reply.prompt_ms = 4;
  reply.predicted_ms = 8;
  return reply;
}

CompletionReply::Token token(const std::string& bytes, double log_probability) {
  CompletionReply::Token token;
  token.record.token = {.bytes = bytes, .log_probability = log_probability};
  token.record.likeliest = {{.bytes = bytes, .log_probability = log_probability},
                            {.bytes = "\xff", .log_probability = -7}};
  return token;
}

TEST(CompletionReply, SaysWhatItIs) {
  const Json json = read(reply().to_json());
  EXPECT_EQ(json["object"], "text_completion");
  EXPECT_EQ(json["id"], "cmpl-1");
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["created"], 5);
  EXPECT_EQ(json["usage"]["prompt_tokens"], 3);
  EXPECT_EQ(json["usage"]["total_tokens"], 5);
  EXPECT_EQ(json["timings"]["prompt_ms"], 4);
  ASSERT_EQ(json["choices"].size(), 1u);
  EXPECT_EQ(json["choices"][0]["text"], "h\u00e9!");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(json["choices"][0]["logprobs"].is_null());
}

TEST(CompletionReply, ListsTokensSideBySide) {
  CompletionReply with_tokens = reply();
  CompletionReply::Token first = token("h", 0);
  first.scored = false;
  with_tokens.logprobs = {first, token("\u00e9", -0.5), token("!", -1)};
  const Json json = read(with_tokens.to_json())["choices"][0]["logprobs"];
  EXPECT_EQ(json["tokens"], Json::array({"h", "\u00e9", "!"}));
  EXPECT_EQ(json["token_logprobs"], Json::array({nullptr, -0.5, -1}));
  EXPECT_EQ(json["text_offset"], Json::array({0, 1, 2}));  // characters, not bytes
  EXPECT_TRUE(json["top_logprobs"][0].is_null());
  EXPECT_EQ(json["top_logprobs"][1]["\u00e9"], -0.5);
  EXPECT_EQ(json["top_logprobs"][1]["\ufffd"], -7);
}

TEST(CompletionReply, StreamsChunks) {
  const std::vector<CompletionReply::Token> tokens = {token("!", -1)};
  const Json piece = read(reply().chunk_json("!", &tokens, "h\u00e9"));
  EXPECT_EQ(piece["choices"][0]["text"], "!");
  EXPECT_TRUE(piece["choices"][0]["finish_reason"].is_null());
  EXPECT_EQ(piece["choices"][0]["logprobs"]["text_offset"], Json::array({2}));
  EXPECT_FALSE(piece.contains("usage"));
  EXPECT_TRUE(read(reply().chunk_json("!", nullptr, ""))["choices"][0]["logprobs"].is_null());

  const Json last = read(reply().last_chunk_json());
  EXPECT_EQ(last["choices"][0]["text"], "");
  EXPECT_EQ(last["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(last.contains("timings"));
  const Json usage = read(reply().usage_chunk_json());
  EXPECT_TRUE(usage["choices"].empty());
  EXPECT_EQ(usage["usage"]["completion_tokens"], 2);
}

TEST(EmbeddingRequest, ReadsOneInputOrMany) {
  EXPECT_EQ(EmbeddingRequest::parse(R"({"input":"a"})").inputs.size(), 1u);
  const EmbeddingRequest many =
      EmbeddingRequest::parse(R"({"model":"m","input":["a",[1,2]],"encoding_format":"base64"})");
  ASSERT_EQ(many.inputs.size(), 2u);
  EXPECT_EQ(many.inputs[0].text, "a");
  EXPECT_EQ(many.inputs[1].tokens, (std::vector<std::int32_t>{1, 2}));
  EXPECT_TRUE(many.base64);
  const auto field = [](std::string_view json) {
    return refused_field(EmbeddingRequest::parse, json);
  };
  EXPECT_EQ(field(R"({"model":"m"})"), "input");
  EXPECT_EQ(field(R"({"input":["a",5]})"), "input[1]");
  EXPECT_EQ(field(R"({"input":"a","encoding_format":"hex"})"), "encoding_format");
  std::string list = R"({"input":["")";
  for (int i = 0; i < 2048; ++i) {
    list += R"(,"")";
  }
  EXPECT_EQ(field(list + "]}"), "input");
}

TEST(EmbeddingReply, IsNumbersOrBase64) {
  const std::vector<std::vector<float>> embeddings = {{1.0f, -2.5f}, {0.0f, 0.5f}};
  const Json numbers = read(embeddings_json("m", embeddings, false, 7));
  EXPECT_EQ(numbers["data"][1]["index"], 1);
  EXPECT_EQ(numbers["data"][0]["embedding"], Json::array({1, -2.5}));
  EXPECT_EQ(numbers["usage"]["total_tokens"], 7);
  // 00 00 80 3f, 00 00 20 c0
  EXPECT_EQ(read(embeddings_json("m", embeddings, true, 7))["data"][0]["embedding"],
            "AACAPwAAIMA=");
}

TEST(TokenizeRequest, ReadsTextAndFlags) {
  const TokenizeRequest request =
      TokenizeRequest::parse(R"({"content":"a","add_special":true,"with_pieces":true})");
  EXPECT_EQ(request.content, "a");
  EXPECT_TRUE(request.add_special);
  EXPECT_TRUE(request.with_pieces);
  EXPECT_FALSE(request.parse_special);
  EXPECT_EQ(refused_field(TokenizeRequest::parse, "{}"), "content");

  EXPECT_EQ(parse_detokenize(R"({"tokens":[0,7]})"), (std::vector<std::int32_t>{0, 7}));
  EXPECT_EQ(refused_field(parse_detokenize, R"({"tokens":"a"})"), "tokens");
  EXPECT_EQ(refused_field(parse_detokenize, R"({"tokens":["a"]})"), "tokens");
}

TEST(BlendWeights, AreFiniteNumbersInRange) {
  EXPECT_EQ(parse_blend_weights(R"({"weights":[0.5,-100]})"), (std::vector<float>{0.5f, -100.0f}));
  for (const char* json : {R"({})", R"({"weights":[]})", R"({"weights":1})", R"({"weights":["a"]})",
                           R"({"weights":[101]})"}) {
    EXPECT_EQ(refused_field(parse_blend_weights, json), "weights") << json;
  }
}

}  // namespace
}  // namespace crayon::transport
