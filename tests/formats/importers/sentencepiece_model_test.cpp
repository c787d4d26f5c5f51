#include "formats/importers/sentencepiece_model.h"

#include "formats/importers/importers.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/sentencepiece_writer.h"
#include "tests/support/charsmap_bytes.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::TokenizerData;
using formats::TokenizerKind;
using formats::TokenType;
using test::ProtobufWriter;

/// The pieces, a trainer and a normalizer message.
std::string model(const ProtobufWriter& trainer, const ProtobufWriter& normalizer) {
  return test::sentencepiece_pieces().text(2, trainer.bytes()).text(3, normalizer.bytes()).bytes();
}

ProtobufWriter bpe() {
  return ProtobufWriter().text(1, "input.txt").integer(3, 2);
}

TokenizerData read(const std::string& bytes) {
  return read_sentencepiece_model(bytes, "tokenizer.model");
}

Code failure(const std::string& bytes, std::string* sentence = nullptr) {
  return test::code_of([&] { read(bytes); }, sentence);
}

TEST(SentencePieceModel, Bpe) {
  const TokenizerData data =
      read(model(bpe(), ProtobufWriter().integer(3, 1).integer(4, 0).integer(5, 1)));
  EXPECT_EQ(data.kind, TokenizerKind::sentencepiece_bpe);
  EXPECT_EQ(data.pieces,
            (std::vector<std::string>{"<unk>", "<s>", "</s>", "<u>", "<0x41>", "\u2581a", "b"}));
  EXPECT_EQ(data.scores, (std::vector<float>{0, 0, 0, 0, 0, -1.5f, -2}));
  EXPECT_EQ(data.types, (std::vector{TokenType::unknown, TokenType::control, TokenType::control,
                                     TokenType::user_defined, TokenType::byte, TokenType::normal,
                                     TokenType::normal}));
  EXPECT_EQ(data.unknown, 0);
  EXPECT_EQ(data.bos, 1);
  EXPECT_EQ(data.eos, 2);
  EXPECT_TRUE(data.add_bos && !data.add_eos);
  EXPECT_TRUE(data.add_space_prefix && !data.remove_extra_whitespace);
  EXPECT_EQ(data.prefix_scope, formats::PrefixScope::after_control);
}

TEST(SentencePieceModel, WhatTheFileLeavesOutIsAsInTheSchema) {
  const TokenizerData data = read(test::sentencepiece_pieces().bytes());
  EXPECT_EQ(data.kind, TokenizerKind::unigram);
  EXPECT_TRUE(data.add_space_prefix && data.remove_extra_whitespace && data.charsmap.empty());
  EXPECT_TRUE(data.add_eos && !data.add_bos);
}

TEST(SentencePieceModel, TheTrainerTellsWhereTheEndsAre) {
  const TokenizerData data = read(model(bpe().integer(41, -1).integer(42, 1), {}));
  EXPECT_EQ(data.bos, std::nullopt);
  EXPECT_EQ(data.eos, 1);
  EXPECT_FALSE(data.add_bos);
  EXPECT_EQ(read(model(bpe().integer(41, 5), {})).bos, std::nullopt) << "no control token";
  EXPECT_EQ(read(model(bpe().integer(41, 99), {})).bos, std::nullopt);
}

TEST(SentencePieceModel, KeepsTheNormalizersRules) {
  const std::string map = test::charsmap_bytes({{"\t", " "}});
  EXPECT_EQ(read(model(bpe(), ProtobufWriter().text(1, "nmt_nfkc").text(2, map))).charsmap, map);
  EXPECT_EQ(failure(model(bpe(), ProtobufWriter().text(2, "abc"))), Code::corrupt);
}

TEST(SentencePieceModel, RefusesWhatItDoesNotKnowByName) {
  std::string sentence;
  EXPECT_EQ(failure(model(ProtobufWriter().integer(3, 4), {}), &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("model_type is 4"), std::string::npos) << sentence;
  EXPECT_EQ(failure(model(bpe().integer(24, 1), {}), &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("treat_whitespace_as_suffix"), std::string::npos) << sentence;
  EXPECT_EQ(failure(model(bpe(), ProtobufWriter().integer(5, 0)), &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("escape_whitespaces"), std::string::npos) << sentence;
  ProtobufWriter pieces = test::sentencepiece_pieces();
  EXPECT_EQ(failure(pieces.text(5, ProtobufWriter().text(2, "x").bytes()).bytes()),
            Code::unsupported);
  EXPECT_EQ(
      failure(test::sentencepiece_pieces().text(1, test::sentencepiece_piece("x", 0, 7)).bytes()),
      Code::bad_tokenizer);
  EXPECT_EQ(failure(""), Code::bad_tokenizer);
}

TEST(SentencePieceModel, WireTypesAreChecked) {
  EXPECT_EQ(failure(ProtobufWriter().integer(1, 5).bytes()), Code::malformed);
  EXPECT_EQ(failure(model(ProtobufWriter().text(3, "x"), {})), Code::malformed);
  EXPECT_EQ(failure("\x0b"), Code::malformed) << "a group";
  EXPECT_EQ(failure(std::string("\x00\x00", 2)), Code::malformed) << "field 0";
  EXPECT_EQ(failure(std::string(11, '\xff')), Code::malformed);
  EXPECT_EQ(failure("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), Code::truncated);
}

TEST(SentencePieceModel, EveryTruncationIsAnErrorOrATokenizer) {
  const std::string bytes = model(bpe(), ProtobufWriter().integer(3, 1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    try {
      formats::check(read(bytes.substr(0, size)));
    } catch (const Error&) {
      // as it should: a cut between two fields leaves a smaller model
    }
  }
}

TEST(SentencePieceModel, EveryCorruptedByteIsAnErrorOrATokenizer) {
  std::string bytes = model(bpe(), ProtobufWriter().text(2, test::charsmap_bytes({{"a", "b"}})));
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 400); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
      try {
        formats::check(read(bytes));
      } catch (const Error&) {
        // as it should
      }
      bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
    }
  }
}

TEST(SentencePieceModel, FilesBesideAddTokens) {
  const test::TempDir folder;
  test::write_file(folder / "tokenizer.model", as_bytes(std::string_view(model(bpe(), {}))));
  test::write_json(folder / "tokenizer_config.json",
                   {{"add_eos_token", true},
                    {"eos_token", "<|end|>"},
                    {"added_tokens_decoder",
                     {{"8", {{"content", "<|end|>"}, {"special", true}, {"rstrip", true}}}}}});
  const TokenizerData data = import_tokenizer(folder.path());
  ASSERT_EQ(data.pieces.size(), 9u);
  EXPECT_EQ(data.types[7], TokenType::unused);
  EXPECT_EQ(data.eos, 8);
  EXPECT_TRUE(data.add_eos);
  EXPECT_EQ(data.added, (std::vector<formats::AddedToken>{{.token = 8, .rstrip = true}}));
}

}  // namespace
}  // namespace crayon::importers
