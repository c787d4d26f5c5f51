// A tokenizer like CLIP's, made from words.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "formats/importers/importers.h"
#include "runtime/tokenizer/tokenizer.h"
#include "tests/support/support.h"
#include "train/tokens/clip_vocabulary.h"

namespace crayon::train {
namespace {

using Ids = std::vector<std::int32_t>;

class ClipTokenizer : public testing::Test {
 protected:
  static formats::TokenizerData imported(const ClipVocabulary& vocabulary) {
    const test::TempDir dir;
    write_clip_tokenizer(vocabulary, 32, dir.path());
    return importers::import_tokenizer(dir.path());
  }

  const std::vector<std::string> words_ = {"a",     "an",   "in",     "on",    "star",  "start",
                                           "stars", "ring", "string", "green", "circle"};
  const ClipVocabulary vocabulary_ = clip_vocabulary(words_);
  const tokenizer::Tokenizer tokenizer_{imported(vocabulary_)};
};

TEST_F(ClipTokenizer, EachWordIsOneTokenOfItsOwn) {
  std::set<std::int32_t> ids;
  for (const std::string& word : words_) {
    const Ids tokens = tokenizer_.encode(word, {.add_bos = false});
    ASSERT_EQ(tokens.size(), 1u) << word;
    EXPECT_EQ(vocabulary_.pieces[static_cast<std::size_t>(tokens[0])], word + "</w>");
    ids.insert(tokens[0]);
  }
  EXPECT_EQ(ids.size(), words_.size());
}

TEST_F(ClipTokenizer, PiecesAreApart) {
  EXPECT_EQ(std::set(vocabulary_.pieces.begin(), vocabulary_.pieces.end()).size(),
            vocabulary_.pieces.size());
  EXPECT_EQ(vocabulary_.pieces.size(), 512 + vocabulary_.merges.size() + 2);
}

TEST_F(ClipTokenizer, StandsAroundATextAsClipDoes) {
  const auto last = static_cast<std::int32_t>(vocabulary_.pieces.size()) - 1;
  const Ids tokens = tokenizer_.encode("A green  STAR", {.add_eos = true});
  ASSERT_EQ(tokens.size(), 5u);
  EXPECT_EQ(tokens.front(), last - 1);
  EXPECT_EQ(tokens.back(), last);
  EXPECT_EQ(tokens, tokenizer_.encode("a green star", {.add_eos = true}));
}

TEST_F(ClipTokenizer, AnyTextCanBeSpelled) {
  for (const char* text : {"starship", "zebra 42!", "caf\u00e9", "\u65e5\u672c\u8a9e"}) {
    std::string spelled = tokenizer_.decode(tokenizer_.encode(text, {.add_bos = false}));
    std::erase(spelled, ' ');
    std::string expected = text;
    std::erase(expected, ' ');
    EXPECT_EQ(spelled, expected);
  }
}

TEST_F(ClipTokenizer, LaterWordsLeaveEarlierOnesAlone) {
  const ClipVocabulary fewer = clip_vocabulary({words_.begin(), words_.begin() + 6});
  ASSERT_LT(fewer.merges.size(), vocabulary_.merges.size());
  EXPECT_TRUE(std::equal(fewer.merges.begin(), fewer.merges.end(), vocabulary_.merges.begin()));
}

TEST_F(ClipTokenizer, OtherWordsAreRefused) {
  for (const char* word : {"", "Star", "two words", "caf\u00e9"}) {
    EXPECT_EQ(test::code_of([&] { clip_vocabulary({word}); }), Code::bad_argument) << word;
  }
}

}  // namespace
}  // namespace crayon::train
