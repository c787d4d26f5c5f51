#include <gtest/gtest.h>

#include "runtime/tokenizer/utf8.h"
#include "tests/runtime/tokenizer/vocabularies.h"

namespace crayon::tokenizer::test {
namespace {

constexpr const char* replacement = "\ufffd";

std::string stream(const Tokenizer& tokenizer, const std::vector<Token>& tokens, bool start) {
  StreamDecoder decoder(tokenizer, start);
  std::string text;
  for (const Token token : tokens) {
    const std::string shown = decoder.push(token);
    EXPECT_EQ(run_length(shown, true), shown.size()) << "a piece that is not UTF-8";
    text += shown;
  }
  return text + decoder.finish();
}

/// What any decoder that follows Unicode shows of `bytes`.
std::string with_replacements(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Utf8Char next = next_char(bytes);
    text += next.kind == Utf8::valid ? std::string(bytes.substr(0, next.size)) : replacement;
    bytes.remove_prefix(next.size);
  }
  return text;
}

/// Byte-level tokens for `bytes` cut before the places whose bits are set.
Tokenizer cut_at(std::string_view bytes, unsigned places, std::vector<Token>& tokens) {
  TokenizerData data = byte_bpe({});
  std::string piece;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    piece += bytes[i];
    if (i + 1 == bytes.size() || (places >> i & 1) != 0) {
      tokens.push_back(add_piece(data, piece));
      piece.clear();
    }
  }
  return Tokenizer(std::move(data));
}

TEST(StreamDecoder, NeverSplitsACharacterWhereverTokensAreCut) {
  for (const std::string text :
       {"é€🦙a", "a🦙é\xff", "\xe2\x82\xf0\x9f\xa6", "\xf0\x9f€\xc3z"}) {
    for (unsigned places = 0; places < 1u << (text.size() - 1); ++places) {
      std::vector<Token> tokens;
      const Tokenizer tokenizer = cut_at(text, places, tokens);
      ASSERT_EQ(stream(tokenizer, tokens, false), with_replacements(text)) << places;
    }
  }
}

TEST(StreamDecoder, ShowsAtOnceWhatIsComplete) {
  const Tokenizer tokenizer(byte_bpe({}));
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push('a'), "a");
  EXPECT_EQ(decoder.push(0xe2), "");
  EXPECT_EQ(decoder.push(0x82), "");
  EXPECT_EQ(decoder.push(0xac), "€");
  EXPECT_EQ(decoder.push(0xc3), "");
  EXPECT_EQ(decoder.push('b'), std::string(replacement) + "b") << "it can no longer become UTF-8";
  EXPECT_EQ(decoder.push(0xff), replacement);
  EXPECT_EQ(decoder.push(0xf0), "");
  EXPECT_EQ(decoder.push(0x9f), "");
  EXPECT_EQ(decoder.finish(), replacement);
  EXPECT_EQ(decoder.finish(), "");
  EXPECT_EQ(decoder.push(-1), "");
}

TEST(StreamDecoder, DropsTheArtificialSpaceOnceAndOnlyAtTheStart) {
  TokenizerData data = sentencepiece({"▁a", "▁", "a"});
  data.add_space_prefix = true;
  const Token spaced_user = add_piece(data, " u", TokenType::user_defined);
  const Tokenizer tokenizer(data);
  const Token a = id_of(data, "▁a");
  EXPECT_EQ(stream(tokenizer, {a, a}, true), "a a");
  EXPECT_EQ(stream(tokenizer, {a, a}, false), " a a");
  EXPECT_EQ(stream(tokenizer, {*data.bos, a, a}, true), "a a");
  EXPECT_EQ(stream(tokenizer, {id_of(data, "▁"), a}, true), " a");
  EXPECT_EQ(stream(tokenizer, {spaced_user, a}, true), " u a");
}

TEST(StreamDecoder, AgreesWithDecodeOnRandomText) {
  Random random(3);
  const Tokenizer tokenizer(byte_bpe({{"\xc3", "\xa9"}, {"\xe2", "\x82"}, {" ", "a"}}));
  for (int i = 0; i < 2000; ++i) {
    const std::vector<Token> tokens = tokenizer.encode(random_bytes(random, 40));
    ASSERT_EQ(stream(tokenizer, tokens, true), with_replacements(tokenizer.decode(tokens)));
  }
}

}  // namespace
}  // namespace crayon::tokenizer::test
