#include "formats/importers/tokenizer_json.h"

#include "formats/importers/byte_alphabet.h"
#include "formats/importers/importers.h"
#include "formats/importers/special_tokens.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/tiny_tokenizer_json.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;
using test::code_of;

class TokenizerJson : public testing::Test {
 protected:
  TokenizerData import(const Json& json) {
    test::write_json(folder_ / "tokenizer.json", json);
    return import_tokenizer(folder_.path());
  }
  Code failure(const Json& json, std::string* sentence = nullptr) {
    return code_of([&] { import(json); }, sentence);
  }
  void beside(const std::string& name, const Json& json) { test::write_json(folder_ / name, json); }

  test::TempDir folder_;
};

TEST_F(TokenizerJson, ByteLevel) {
  const TokenizerData data = import(test::byte_level_json());
  EXPECT_EQ(data.kind, TokenizerKind::byte_bpe);
  EXPECT_EQ(data.pieces,
            (std::vector<std::string>{" ", "a", "b", " a", " ab", "<|im_end|>", "<tool>"}));
  EXPECT_EQ(data.types[5], TokenType::control);
  EXPECT_EQ(data.types[6], TokenType::user_defined);
  EXPECT_EQ(data.merges, (std::vector<TokenizerData::Merge>{{0, 1}, {3, 2}}));
  ASSERT_EQ(data.pre_tokenizers.size(), 1u);
  EXPECT_TRUE(data.pre_tokenizers[0].starts_with("'s|'t"));
  EXPECT_FALSE(data.add_bos);
  EXPECT_EQ(data.end_of_generation, std::vector<Token>{5});
}

TEST_F(TokenizerJson, MergesAsListsAreTheSame) {
  Json json = test::byte_level_json();
  json["model"]["merges"] = Json::parse(R"([["\u0120", "a"], ["\u0120a", "b"]])");
  EXPECT_EQ(import(json), import(test::byte_level_json()));
}

TEST_F(TokenizerJson, SequencesOfPreTokenizersBecomeExpressions) {
  Json json = test::byte_level_json();
  json["normalizer"] = {{"type", "NFC"}};
  json["model"]["ignore_merges"] = true;
  json["pre_tokenizer"] = Json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
      {"type": "Split", "pattern": {"String": "a.b\u00e9"}, "behavior": "Isolated"},
      {"type": "Digits", "individual_digits": true},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})");
  const TokenizerData data = import(json);
  EXPECT_EQ(data.pre_tokenizers,
            (std::vector<std::string>{"\\p{N}{1,3}", "a\\.b\u00e9", "\\p{N}"}));
  EXPECT_TRUE(data.normalize_nfc);
  EXPECT_TRUE(data.ignore_merges);
}

TEST_F(TokenizerJson, RefusesWhatItDoesNotKnowByName) {
  const auto refuse = [&](const char* pointer, const Json& value, const std::string& named) {
    Json json = test::byte_level_json();
    json[Json::json_pointer(pointer)] = value;
    std::string sentence;
    EXPECT_EQ(failure(json, &sentence), Code::unsupported) << pointer;
    EXPECT_NE(sentence.find(named), std::string::npos) << sentence;
  };
  refuse("/model/type", "WordPiece", "WordPiece");
  refuse("/model/type", "Unigram", "Unigram without marked spaces");
  refuse("/model/end_of_word_suffix", "</w>", "</w>");
  refuse("/normalizer", {{"type", "Lowercase"}}, "Lowercase");
  refuse("/pre_tokenizer", {{"type", "BertPreTokenizer"}}, "BertPreTokenizer");
  refuse("/pre_tokenizer", Json::parse(R"({"type": "Sequence", "pretokenizers": [
             {"type": "Digits"}, {"type": "ByteLevel", "add_prefix_space": true}]})"),
         "add_prefix_space");
  refuse("/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "BAAAAAAAAAA="}},
         "Precompiled");
  refuse("/normalizer", {{"type", "Strip"}}, "Strip");
  refuse("/normalizer", Json::parse(R"({"type": "Replace", "pattern": {"Regex": "\\s+"},
                                       "content": " "})"),
         "white space");
  refuse("/pre_tokenizer", nullptr, "neither byte-level");
  refuse("/post_processor", {{"type", "BertProcessing"}}, "BertProcessing");
  refuse("/pre_tokenizer",
         {{"type", "Split"}, {"pattern", {{"Regex", "x"}}}, {"behavior", "Removed"}}, "Removed");
  Json nested = {{"type", "ByteLevel"}};
  for (int i = 0; i < 20; ++i) {
    nested = {{"type", "Sequence"}, {"pretokenizers", {nested}}};
  }
  refuse("/pre_tokenizer", nested, "sequence");
}

TEST_F(TokenizerJson, RefusesContradictions) {
  const auto refuse = [&](const char* pointer, const Json& value) {
    Json json = test::byte_level_json();
    json[Json::json_pointer(pointer)] = value;
    return failure(json);
  };
  EXPECT_EQ(refuse("/model/vocab/a", 0), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/model/vocab/a", 4000000000u), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/model/vocab/a", -1), Code::malformed);
  EXPECT_EQ(refuse("/model/merges/0", "x y"), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/model/merges/0", "a"), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/model/merges/0", "b a"), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/model/vocab/\u00e4\u4e2d", 7), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/added_tokens/0/id", nullptr), Code::malformed);
  EXPECT_EQ(refuse("/model", nullptr), Code::malformed);
}

TEST_F(TokenizerJson, ByteFallbackBecomesSentencePiece) {
  const TokenizerData data = import(test::byte_fallback_json());
  EXPECT_EQ(data.kind, TokenizerKind::sentencepiece_bpe);
  EXPECT_TRUE(data.add_space_prefix);
  EXPECT_TRUE(data.add_bos);
  EXPECT_EQ(data.bos, 1);
  EXPECT_EQ(data.unknown, 0);
  const std::vector types = {TokenType::unknown, TokenType::control, TokenType::control,
                             TokenType::byte,    TokenType::normal,  TokenType::normal,
                             TokenType::normal,  TokenType::normal,  TokenType::normal,
                             TokenType::normal};
  EXPECT_EQ(data.types, types);
  EXPECT_EQ(data.scores, (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, -1, -2}));
  EXPECT_TRUE(data.merges.empty());
}

TEST_F(TokenizerJson, MetaspaceIsItsNormalizersButForWhereTheSpaceGoes) {
  Json json = test::byte_fallback_json();
  json["normalizer"] = nullptr;
  json["pre_tokenizer"] = Json::parse(R"({"type": "Metaspace", "replacement": "\u2581",
      "prepend_scheme": "first", "split": false})");
  TokenizerData data = import(json);
  EXPECT_EQ(data.prefix_scope, formats::PrefixScope::text_start);
  EXPECT_TRUE(data.prefix_unless_space);
  json["pre_tokenizer"]["prepend_scheme"] = "always";
  data = import(json);
  EXPECT_EQ(data.prefix_scope, formats::PrefixScope::every_part);
  data.prefix_unless_space = false;
  EXPECT_EQ(data, import(test::byte_fallback_json()));
  json["pre_tokenizer"]["prepend_scheme"] = "never";
  EXPECT_FALSE(import(json).add_space_prefix);
  json["pre_tokenizer"].erase("prepend_scheme");
  EXPECT_TRUE(import(json).add_space_prefix);
  json["pre_tokenizer"]["add_prefix_space"] = false;
  EXPECT_FALSE(import(json).add_space_prefix);
  json["pre_tokenizer"]["split"] = true;
  EXPECT_EQ(failure(json), Code::unsupported);
}

TEST_F(TokenizerJson, SplittingAtSpacesThatAreGoneDoesNothing) {
  Json json = test::byte_fallback_json();
  json["pre_tokenizer"] = Json::parse(R"({"type": "Split", "pattern": {"String": " "},
      "behavior": "MergedWithPrevious", "invert": false})");  // Gemma
  EXPECT_EQ(import(json), import(test::byte_fallback_json()));
}

TEST_F(TokenizerJson, ByteLevelMayPutASpaceInFront) {
  Json json = test::byte_level_json();
  json["pre_tokenizer"]["add_prefix_space"] = true;
  TokenizerData data = import(json);
  EXPECT_TRUE(data.add_space_prefix && data.prefix_unless_space);
  data.add_space_prefix = data.prefix_unless_space = false;
  EXPECT_EQ(data, import(test::byte_level_json()));
}

TEST_F(TokenizerJson, AddedTokensKeepTheirSwitches) {
  Json json = test::byte_level_json();
  json["added_tokens"][0]["rstrip"] = true;
  json["added_tokens"][0]["single_word"] = true;
  json["added_tokens"][1]["lstrip"] = true;
  json["added_tokens"][1]["normalized"] = true;
  EXPECT_EQ(import(json).added,
            (std::vector<formats::AddedToken>{{.token = 5, .rstrip = true, .single_word = true},
                                              {.token = 6, .lstrip = true, .normalized = true}}));
  std::swap(json["added_tokens"][0], json["added_tokens"][1]);  // they stand in order
  EXPECT_EQ(import(json).added.front().token, 5);
  json["added_tokens"][0]["lstrip"] = "yes";
  EXPECT_EQ(failure(json), Code::malformed);
}

TEST_F(TokenizerJson, Unigram) {
  Json json = test::unigram_json();
  const TokenizerData data = import(json);
  EXPECT_EQ(data.kind, TokenizerKind::unigram);
  EXPECT_EQ(data.pieces,
            (std::vector<std::string>{"<pad>", "</s>", "<unk>", "\u2581a", "b", "a\u2581b"}));
  EXPECT_EQ(data.types, (std::vector{TokenType::control, TokenType::control, TokenType::control,
                                     TokenType::normal, TokenType::normal, TokenType::unused}));
  EXPECT_EQ(data.scores, (std::vector<float>{0, 0, 0, -1.5f, -2, -3}));
  EXPECT_EQ(data.unknown, 2);
  EXPECT_EQ(data.eos, 1);
  EXPECT_TRUE(data.add_eos && !data.add_bos);
  EXPECT_TRUE(data.add_space_prefix && data.remove_extra_whitespace);
  json["pre_tokenizer"]["split"] = false;
  EXPECT_EQ(import(json).types.back(), TokenType::normal);
  json["model"]["byte_fallback"] = true;
  json["model"]["vocab"][4][0] = "<0x41>";
  EXPECT_EQ(import(json).types[4], TokenType::byte);
  json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "BAAAAAAAAAA="}};
  EXPECT_EQ(import(json).charsmap.size(), 8u);
  json["normalizer"]["precompiled_charsmap"] = "?";
  EXPECT_EQ(failure(json), Code::malformed);
}

TEST_F(TokenizerJson, RefusesAUnigramModelThatIsNone) {
  const auto refuse = [&](const char* pointer, const Json& value) {
    Json json = test::unigram_json();
    json[Json::json_pointer(pointer)] = value;
    return failure(json);
  };
  EXPECT_EQ(refuse("/model/vocab", nullptr), Code::malformed);
  EXPECT_EQ(refuse("/model/vocab/3", "a"), Code::malformed);
  EXPECT_EQ(refuse("/model/vocab/3/1", "x"), Code::malformed);
  EXPECT_EQ(refuse("/model/vocab/3/1", 1e300), Code::bad_tokenizer);
  EXPECT_EQ(refuse("/model/unk_id", 6), Code::malformed);
  EXPECT_EQ(refuse("/normalizer/normalizers/0", {{"type", "NFC"}}), Code::unsupported);
}

TEST_F(TokenizerJson, Clip) {
  Json json = test::clip_json();
  const TokenizerData data = import(json);
  EXPECT_EQ(data.kind, TokenizerKind::clip_bpe);
  EXPECT_EQ(data.pieces, (std::vector<std::string>{"a", "b</w>", "ab</w>", "\xe9", "<s>", "<e>"}));
  EXPECT_EQ(data.bos, 4);
  EXPECT_EQ(data.eos, 5);
  EXPECT_TRUE(data.add_bos && data.add_eos && data.normalize_nfc);
  std::string sentence;
  json["normalizer"] = {{"type", "NFC"}};
  EXPECT_EQ(failure(json, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("</w>"), std::string::npos) << sentence;
  json = test::clip_json();
  json["model"]["end_of_word_suffix"] = "";
  EXPECT_EQ(failure(json), Code::unsupported);
}

TEST_F(TokenizerJson, MergesOfTokensThatAreTakenFromTextBeforeMeanNothing) {
  Json json = test::byte_fallback_json();
  json["model"]["vocab"]["\u2581\u2581"] = 10;
  json["model"]["vocab"]["\u2581\u2581a"] = 11;
  json["model"]["merges"].insert(json["model"]["merges"].begin(), "\u2581 \u2581");
  json["model"]["merges"].push_back("\u2581\u2581 a");
  json["model"]["merges"].push_back("\u2581 \u2581a");
  json["added_tokens"].push_back({{"id", 10}, {"content", "\u2581\u2581"}, {"normalized", true}});
  const TokenizerData data = import(json);
  EXPECT_EQ(data.types[10], TokenType::user_defined);
  // "▁a" is made by pair 1 and "▁▁a" by pair 6, as "▁" and "▁a" alone.
  EXPECT_EQ(data.scores[7], -1.0f);
  EXPECT_EQ(data.scores[11], -6.0f);
}

TEST_F(TokenizerJson, RefusesMergesThatScoresCannotExpress) {
  Json json = test::byte_fallback_json();
  // (a, b) makes "ab" between the two pairs that make "▁ab".
  json["model"]["merges"] = {"\u2581 a", "\u2581a b", "a b", "\u2581 ab"};
  EXPECT_EQ(failure(json), Code::unsupported);
  json["model"]["merges"] = {"\u2581 a", "a b", "\u2581a b"};  // "▁ab" has another split
  EXPECT_EQ(failure(json), Code::unsupported);
  json["model"]["merges"] = {"\u2581 a"};  // no pair makes "ab" and "▁ab"
  EXPECT_EQ(import(json).types.at(8), TokenType::unused);
}

TEST_F(TokenizerJson, SpecialTokensComeFromTheFilesBeside) {
  beside("tokenizer_config.json", {{"bos_token", {{"content", "<tool>"}}},
                                   {"eos_token", "<|im_end|>"},
                                   {"add_bos_token", true},
                                   {"chat_template",
                                    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + "
                                    "m.content + '<|im_end|>\n' }}{% endfor %}"
                                    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
                                    "{% endif %}"}});
  beside("generation_config.json", {{"eos_token_id", {5, 6}}});
  const TokenizerData data = import(test::byte_level_json());
  EXPECT_EQ(data.bos, 6);
  EXPECT_EQ(data.eos, 5);
  EXPECT_TRUE(data.add_bos);
  EXPECT_EQ(data.end_of_generation, (std::vector<Token>{5, 6}));
  EXPECT_EQ(data.chat_format.name, "chatml");
}

TEST_F(TokenizerJson, SpecialTokensFallBackToNumbers) {
  beside("config.json", {{"bos_token_id", 6}, {"eos_token_id", 5}});
  const TokenizerData data = import(test::byte_level_json());
  EXPECT_EQ(data.bos, 6);
  EXPECT_EQ(data.eos, 5);
  EXPECT_FALSE(data.add_bos);
  beside("config.json", {{"eos_token_id", 99}});
  EXPECT_EQ(failure(test::byte_level_json()), Code::malformed);
  beside("config.json", Json::object());
  beside("tokenizer_config.json", {{"eos_token", "none such"}});
  EXPECT_EQ(failure(test::byte_level_json()), Code::bad_tokenizer);
}

TEST_F(TokenizerJson, EveryTruncationIsAnError) {
  const std::string text = test::byte_fallback_json().dump();
  for (std::size_t size = 0; size < text.size(); ++size) {
    test::write_file(folder_ / "tokenizer.json", as_bytes(std::string_view(text).substr(0, size)));
    code_of([&] { import_tokenizer(folder_.path()); });
  }
}

TEST_F(TokenizerJson, EveryCorruptedByteIsAnErrorOrATokenizer) {
  for (const Json& json : {test::byte_fallback_json(), test::unigram_json(), test::clip_json()}) {
    std::string text = json.dump();
    for (char& character : text) {
      const char saved = character;
      for (const char other : {'\0', '"', '0', '9', '}', '\x80'}) {
        character = other;
        test::write_file(folder_ / "tokenizer.json", as_bytes(std::string_view(text)));
        try {
          formats::check(import_tokenizer(folder_.path()));
        } catch (const Error&) {
          // as it should
        }
      }
      character = saved;
    }
  }
}

TEST(ByteAlphabet, GivesEveryByteBack) {
  EXPECT_EQ(bytes_of_alphabet("a\u0120\u010a"), "a \n");
  EXPECT_EQ(bytes_of_alphabet("\u00c3\u00a9"), "\u00e9");
  EXPECT_EQ(bytes_of_alphabet("\u0143"), "\xad");
  EXPECT_EQ(bytes_of_alphabet(" "), std::nullopt);
  EXPECT_EQ(bytes_of_alphabet("\u0144"), std::nullopt);
  EXPECT_EQ(bytes_of_alphabet("\u4e2d"), std::nullopt);
  EXPECT_EQ(bytes_of_alphabet("\xc4"), std::nullopt);
}

}  // namespace
}  // namespace crayon::importers
