// Tokenizers that are trained here: what `crayon pack` would read back, against SentencePiece.
#include <sentencepiece_processor.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "formats/importers/importers.h"
#include "runtime/tokenizer/tokenizer.h"
#include "tests/support/support.h"
#include "train/tasks/sets.h"
#include "train/tokens/bpe_trainer.h"
#include "train/tokens/tokenizer_folder.h"

namespace crayon::train {
namespace {

using test::code_of;

std::vector<std::string> sample_text() {
  std::vector<std::string> sentences = {"naïve café, été: déjà vu", "A tab\there, two  spaces",
                                        "#!? 1234567890 (a) [b] {c} <d> \"e\" 'f' x=y+z*w/2 ~"};
  for (const tasks::Task& task : tasks::tasks_of(tasks::Set::base)) {
    tasks::Dice dice = tasks::dice_of(task.name, 1);
    for (int i = 0; i < 20; ++i) {
      const tasks::Item item = tasks::draw(task, dice).item;
      sentences.push_back(item.context);
      sentences.push_back(item.question);
    }
  }
  return sentences;
}

/// One small vocabulary for all tests.
const TrainedBpe& trained() {
  static const TrainedBpe result =
      train_bpe(sample_text(), {.vocab_size = 800, .character_coverage = 1.0});
  return result;
}

tokenizer::Tokenizer read_back(const formats::TokenizerData& data) {
  const test::TempDir dir;
  write_tokenizer_folder(data, dir / "tokenizer");
  return tokenizer::Tokenizer(importers::import_tokenizer(dir / "tokenizer"));
}

class OwnTokenizer : public testing::Test {
 protected:
  OwnTokenizer() : tokenizer_(read_back(trained().data)) {
    EXPECT_TRUE(reference_.LoadFromSerializedProto(trained().model).ok());
  }

  void expect_same(const std::string& text) {
    EXPECT_EQ(tokenizer_.encode(text, {.add_bos = false}), reference_.EncodeAsIds(text)) << text;
  }

  tokenizer::Tokenizer tokenizer_;
  sentencepiece::SentencePieceProcessor reference_;
};

TEST_F(OwnTokenizer, IsReadBackAsItWasTrained) {
  const formats::TokenizerData& data = tokenizer_.data();
  EXPECT_EQ(data.pieces, trained().data.pieces);
  EXPECT_EQ(data.types, trained().data.types);
  EXPECT_EQ(data.pieces.size(), 800u);
  EXPECT_EQ(data.pieces[0], "<unk>");
  EXPECT_EQ(data.pieces[3 + 0x0a], "<0x0A>");
  EXPECT_EQ(data.unknown, 0);
  EXPECT_EQ(data.bos, 1);
  EXPECT_EQ(data.eos, 2);
  EXPECT_TRUE(data.add_bos);
  EXPECT_FALSE(data.add_eos);
  EXPECT_TRUE(data.add_space_prefix);
  EXPECT_EQ(data.end_of_generation, std::vector<formats::Token>{2});
  EXPECT_EQ(data.chat_format.name, "plain");
}

TEST_F(OwnTokenizer, GivesSentencePiecesIds) {
  for (const char* text : {"",
                           " ",
                           "  ",
                           "a",
                           " a",
                           "a ",
                           "Where is unit 12 kept?",
                           "two  spaces",
                           "   three before",
                           "three behind   ",
                           "line\nbreak",
                           "\n",
                           "\n\n\n",
                           " \n \n",
                           "a\r\nb",
                           "tab\ttab",
                           "12345 6,789.01 x1y2",
                           "café naïve été",
                           "日本語 and 😀 and \xf0\x9f\x91\xa9\xe2\x80\x8d",
                           "<0x0A> <s> </s> <unk>",
                           "▁ already ▁▁ there",
                           "\u00a0 no-break\u3000wide",
                           "Question: How many?\nAnswer: four"}) {
    expect_same(text);
  }
  for (const std::string& sentence : sample_text()) {
    expect_same(sentence);
  }
}

TEST_F(OwnTokenizer, GivesSentencePiecesIdsOnAnyText) {
  const std::vector<std::string> parts = {" ",  "  ", "\n", "e",    "th",  "ing", "7",  "42", "é",
                                          "日", "😀",  "▁",  "unit", "Not", ".",   "\t", "q",  "–"};
  Random random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(20); i > 0; --i) {
      text += parts[random.below(parts.size())];
    }
    expect_same(text);
  }
}

TEST_F(OwnTokenizer, KeepsBytesThatAreNotUtf8) {
  // SentencePiece replaces them by U+FFFD; the runtime loses nothing.
  for (const std::string text : {"\xff", "a\x80z", "cut \xe6\x97", "\xc0\xaf", "x\xf8\x88y z"}) {
    EXPECT_EQ(tokenizer_.decode(tokenizer_.encode(text)), text);
  }
}

TEST_F(OwnTokenizer, SplitsDigitsAndWords) {
  for (std::size_t id = 3 + 256; id < tokenizer_.data().pieces.size(); ++id) {
    const std::string& piece = tokenizer_.data().pieces[id];
    const bool has_digit = piece.find_first_of("0123456789") != std::string::npos;
    EXPECT_TRUE(!has_digit || piece.size() == 1) << piece;
    EXPECT_EQ(piece.find("\u2581", 1), std::string::npos) << piece;
  }
}

TEST(TrainBpe, GivesTheSameForTheSameText) {
  EXPECT_EQ(train_bpe(sample_text(), {.vocab_size = 800, .character_coverage = 1.0}).data,
            trained().data);
}

TEST(TrainBpe, SaysWhenTheTextIsTooSmall) {
  const std::vector<std::string> sentences = {"aaa", "b"};
  std::string sentence;
  EXPECT_EQ(code_of([&] { train_bpe(sentences, {.vocab_size = 4096}); }, &sentence),
            Code::bad_argument);
  EXPECT_NE(sentence.find("SentencePiece"), std::string::npos) << sentence;
  EXPECT_EQ(code_of([&] { train_bpe(sentences, {.vocab_size = 100}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { train_bpe({}, {.vocab_size = 512}); }), Code::bad_argument);
}

TEST(TokenizerFolder, RefusesWhatItCannotSay) {
  const test::TempDir dir;
  formats::TokenizerData data = trained().data;
  data.pieces[300] = data.pieces[301];
  EXPECT_EQ(code_of([&] { write_tokenizer_folder(data, dir / "a"); }), Code::bad_tokenizer);
  data = trained().data;
  data.kind = formats::TokenizerKind::byte_bpe;
  EXPECT_EQ(code_of([&] { write_tokenizer_folder(data, dir / "a"); }), Code::bad_argument);
  data = trained().data;
  data.bos.reset();
  EXPECT_EQ(code_of([&] { write_tokenizer_folder(data, dir / "a"); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::train
