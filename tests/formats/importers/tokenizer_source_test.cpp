// Which file a tokenizer is read from, and the files that hold little more than a list.
#include "formats/importers/base64.h"
#include "formats/importers/importers.h"
#include "formats/importers/tiktoken.h"
#include "formats/importers/vocab_merges.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/sentencepiece_writer.h"
#include "tests/formats/importers/tiny_tokenizer_json.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;
using nlohmann::json;
using test::code_of;

class TokenizerSource : public testing::Test {
 protected:
  void put(const std::string& name, std::string_view text) {
    test::write_file(folder_ / name, as_bytes(text));
  }
  void put_vocabulary(const std::string& end = "") {
    test::write_json(folder_ / "vocab.json",
                     {{"a", 0}, {"b" + end, 1}, {"ab" + end, 2}, {"<|endoftext|>", 3}});
    put("merges.txt", "#version: 0.2\na b" + end + "\n\n");
  }
  TokenizerData import(const std::string& name = "") { return import_tokenizer(folder_ / name); }
  Code failure(std::string* sentence, const std::string& name = "") {
    return code_of([&] { import(name); }, sentence);
  }

  test::TempDir folder_;
};

TEST_F(TokenizerSource, AFolderGivesTheFirstThatIsThere) {
  std::string sentence;
  EXPECT_EQ(failure(&sentence), Code::not_found);
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt"}) {
    EXPECT_NE(sentence.find(name), std::string::npos) << sentence;
  }
  put_vocabulary();
  EXPECT_EQ(import().pieces.size(), 4u);
  put("tokenizer.model", test::sentencepiece_pieces().bytes());
  EXPECT_EQ(import().kind, TokenizerKind::unigram);
  test::write_json(folder_ / "tokenizer.json", test::byte_level_json());
  EXPECT_EQ(import().kind, TokenizerKind::byte_bpe);
  EXPECT_EQ(import().pieces.size(), 7u);
}

TEST_F(TokenizerSource, AFileIsKnownByItsContent) {
  put_vocabulary();
  EXPECT_EQ(import("vocab.json"), import());
  put("any.name", test::sentencepiece_pieces().bytes());
  EXPECT_EQ(import("any.name").kind, TokenizerKind::unigram);
  std::string sentence;
  put("any.name", "\x1f\x8b\x08");
  EXPECT_EQ(failure(&sentence, "any.name"), Code::unsupported);
  EXPECT_NE(sentence.find("gzip"), std::string::npos) << sentence;
  put("any.name", "IQ== 0\nIg== 1\n");
  EXPECT_EQ(failure(&sentence, "any.name"), Code::unsupported);
  EXPECT_NE(sentence.find("2 ranks"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("128000 (Llama 3)"), std::string::npos) << sentence;
  put("any.name", "\"bpe_simple_vocab_16e6.txt#version: 0.2\ni n\n");
  EXPECT_EQ(failure(&sentence, "any.name"), Code::truncated);
  for (const char* nothing : {"", "{", "\n", "hello", "= 0\n"}) {
    put("any.name", nothing);
    failure(&sentence, "any.name");
  }
}

TEST_F(TokenizerSource, VocabularyAndMergesAreGpt2sUnlessSaidOtherwise) {
  put_vocabulary();
  const TokenizerData gpt2 = import();
  EXPECT_EQ(gpt2.kind, TokenizerKind::byte_bpe);
  EXPECT_EQ(gpt2.merges, (std::vector<TokenizerData::Merge>{{0, 1}}));
  EXPECT_TRUE(gpt2.pre_tokenizers.at(0).starts_with("'s|'t"));
  EXPECT_EQ(gpt2.types[3], TokenType::control);
  EXPECT_EQ(gpt2.eos, 3);
  test::write_json(folder_ / "tokenizer_config.json",
                   {{"tokenizer_class", "Qwen2Tokenizer"},
                    {"eos_token", "<end>"},
                    {"added_tokens_decoder", {{"4", {{"content", "<end>"}, {"special", true}}}}}});
  const TokenizerData qwen = import();
  EXPECT_TRUE(qwen.normalize_nfc);
  EXPECT_TRUE(qwen.pre_tokenizers.at(0).starts_with("(?i:'s"));
  EXPECT_EQ(qwen.eos, 4);
  EXPECT_EQ(qwen.end_of_generation, (std::vector<Token>{4, 3}));
  test::write_json(folder_ / "tokenizer_config.json", {{"tokenizer_class", "BertTokenizer"}});
  std::string sentence;
  EXPECT_EQ(failure(&sentence), Code::unsupported);
  EXPECT_NE(sentence.find("BertTokenizer; GPT2Tokenizer"), std::string::npos) << sentence;
}

TEST_F(TokenizerSource, PiecesThatEndWordsAreClips) {
  put_vocabulary("</w>");
  std::string sentence;
  EXPECT_EQ(failure(&sentence), Code::bad_tokenizer);
  EXPECT_NE(sentence.find("<|startoftext|>"), std::string::npos) << sentence;
  test::write_json(
      folder_ / "vocab.json",
      {{"a", 0}, {"b</w>", 1}, {"ab</w>", 2}, {"<|endoftext|>", 3}, {"<|startoftext|>", 4}});
  const TokenizerData data = import();
  EXPECT_EQ(data.kind, TokenizerKind::clip_bpe);
  EXPECT_EQ(data.bos, 4);
  EXPECT_EQ(data.eos, 3);
  EXPECT_TRUE(data.add_bos && data.add_eos);
}

TEST_F(TokenizerSource, RefusesBrokenVocabularies) {
  const auto refuse = [&](const json& vocabulary, const std::string& merges) {
    test::write_json(folder_ / "vocab.json", vocabulary);
    put("merges.txt", merges);
    return code_of([&] { import(); });
  };
  EXPECT_EQ(refuse({{"a", 0}}, "a b"), Code::bad_tokenizer);
  EXPECT_EQ(refuse({{"a", 0}, {"b", 0}}, ""), Code::bad_tokenizer);
  EXPECT_EQ(refuse({{"a", 0}, {"b", 1}}, "a b"), Code::bad_tokenizer) << "no token is ab";
  EXPECT_EQ(refuse({{"a", -1}}, ""), Code::malformed);
  EXPECT_EQ(refuse(json::array(), ""), Code::malformed);
}

TEST(Tiktoken, RefusesLinesThatAreNoRanks) {
  std::string sentence;
  for (const char* text : {"IQ== 0\nIg== 2\n", "IQ== 1\n", "IQ== 0\n?? 1\n", "IQ==\n", "IQ== x\n",
                           "IQ== 0 0\n", " 0\n", "IQ== -1\n", "IQ== 99999999999999999999\n"}) {
    EXPECT_EQ(code_of([&] { read_tiktoken(text, "f"); }, &sentence), Code::bad_tokenizer) << text;
    EXPECT_TRUE(sentence.starts_with("f: line ")) << sentence;
  }
}

TEST(Base64, IsUndone) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYg"), "foob");
  EXPECT_EQ(decode_base64("+/8A"), std::string("\xfb\xff\0", 3));
  for (const char* text : {"Z", "Z===", "Zm9vY", "Zm 9", "Zm9\xff"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace crayon::importers
