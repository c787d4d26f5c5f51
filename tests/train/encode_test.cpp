// Texts and task items as tokens.
#include <fstream>
#include <string>
#include <vector>

#include "runtime/generation/answer_tokens.h"
#include "tests/support/support.h"
#include "train/tokens/packer.h"
#include "train/tokens/shard_builder.h"

namespace crayon::train {
namespace {

using formats::TokenType;
using test::code_of;
using tokenizer::Tokenizer;
using Ids = std::vector<std::int32_t>;

constexpr std::int32_t bos = 256;
constexpr std::int32_t eos = 257;

/// One token a byte, <s> and </s>.
Tokenizer bytes(bool with_controls = true) {
  formats::TokenizerData data;
  data.kind = formats::TokenizerKind::byte_bpe;
  for (int byte = 0; byte < 256; ++byte) {
    data.pieces.emplace_back(1, static_cast<char>(byte));
    data.types.push_back(TokenType::normal);
  }
  if (with_controls) {
    for (const char* control : {"<s>", "</s>"}) {
      data.pieces.emplace_back(control);
      data.types.push_back(TokenType::control);
    }
    data.bos = bos;
    data.eos = eos;
    data.add_bos = true;
  }
  return Tokenizer(std::move(data));
}

/// The examples that documents of these lengths are cut into; token k of document d is 10 d + k.
std::vector<Ids> packed(const std::vector<int>& documents, std::vector<std::uint32_t> lengths,
                        bool with_controls = true) {
  const Tokenizer tokenizer = bytes(with_controls);
  std::vector<Ids> examples;
  Packer packer(tokenizer, std::move(lengths), [&](std::span<const std::int32_t> tokens) {
    examples.emplace_back(tokens.begin(), tokens.end());
  });
  for (std::size_t d = 0; d < documents.size(); ++d) {
    Ids tokens;
    for (int k = 0; k < documents[d]; ++k) {
      tokens.push_back(static_cast<std::int32_t>(10 * d) + k);
    }
    const auto half = std::span(tokens).first(tokens.size() / 2);
    packer.add(half, false);
    packer.add(std::span(tokens).subspan(half.size()), true);
  }
  packer.finish();
  return examples;
}

TEST(Packer, CutsWithoutLossAndBeginsEachExample) {
  EXPECT_EQ(packed({3, 9, 1}, {8}), (std::vector<Ids>{
                                        {bos, 0, 1, 2, eos, bos, 10, 11},
                                        {bos, 12, 13, 14, 15, 16, 17, 18},
                                        {bos, eos, bos, 20, eos},
                                    }));
  EXPECT_EQ(packed({3, 9}, {8}, false), (std::vector<Ids>{
                                            {0, 1, 2, 10, 11, 12, 13, 14},
                                            {15, 16, 17, 18},
                                        }));
}

TEST(Packer, LeavesNoExampleWithoutText) {
  EXPECT_EQ(packed({6}, {8}), (std::vector<Ids>{{bos, 0, 1, 2, 3, 4, 5, eos}}));
  EXPECT_EQ(packed({6, 1}, {8}).size(), 2u);
  EXPECT_TRUE(packed({}, {8}).empty());
}

TEST(Packer, GivesEachLengthTheSameShare) {
  std::size_t tokens[2] = {0, 0};
  for (const Ids& example : packed(std::vector<int>(1000, 10), {8, 32})) {
    if (example.size() == 8 || example.size() == 32) {
      tokens[example.size() == 32] += example.size();
    }
  }
  EXPECT_NEAR(static_cast<double>(tokens[0]), static_cast<double>(tokens[1]), 32);
  EXPECT_EQ(code_of([] { packed({1}, {}); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { packed({1}, {256, 0}); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { packed({1}, {1u << 21}); }), Code::bad_argument);
}

class Encoding : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / name, std::ios::binary) << content;
    return dir_ / name;
  }

  std::string text_of(const Shard& shard, std::size_t example) const {
    const auto begin = shard.ids.begin();
    return tokenizer_.decode({begin + shard.starts[example], begin + shard.starts[example + 1]});
  }

  test::TempDir dir_;
  Tokenizer tokenizer_ = bytes();
};

const char* const two_items =
    "{\"task\":\"sums\",\"context\":\"2 and 2.\",\"question\":\"Sum?\",\"choices\":[\"3\",\"4\"],"
    "\"answer\":1}\n\n{\"question\":\"Free?\",\"answer\":\"yes\"}\n";

TEST_F(Encoding, ItemsAreWhatTheRuntimeAsks) {
  ShardBuilder builder(tokenizer_, {});
  builder.add(write("tests.jsonl", two_items));
  const Shard& shard = builder.shard();
  check_shard(shard, "shard");
  ASSERT_EQ(shard.answers.size(), 2u);
  EXPECT_EQ(shard.task_names, (std::vector<std::string>{"sums", "tests"}));
  EXPECT_EQ(shard.tasks, (Ids{0, 1}));
  EXPECT_EQ(shard.vocab_size, 258u);
  EXPECT_EQ(text_of(shard, 0), "Question: 2 and 2.\nSum?\nAnswer: 4");
  EXPECT_EQ(text_of(shard, 1), "Question: Free?\nAnswer: yes");

  const auto whole =
      generation::answered_prompt("Free?", "yes", formats::chat_preset("plain"), tokenizer_);
  EXPECT_EQ(shard.answers[1], static_cast<std::int32_t>(whole.prompt.size()));
  EXPECT_EQ(shard.ids.back(), eos);
  EXPECT_EQ(shard.ids[static_cast<std::size_t>(shard.starts[1])], bos);
}

TEST_F(Encoding, TextsAreLearntWhole) {
  ShardBuilder builder(tokenizer_, {.chunks = {16}});
  builder.add(write("tales.txt", "A first tale of some length.\n<|endoftext|>\nA second."));
  builder.add(write("tests.jsonl", two_items));
  const Shard& shard = builder.shard();
  check_shard(shard, "shard");
  EXPECT_EQ(shard.task_names, (std::vector<std::string>{"tales", "sums", "tests"}));
  std::string text;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(shard.answers[i], 0);
    text += text_of(shard, i);
  }
  EXPECT_EQ(text, "A first tale of some length.A second.");
}

TEST_F(Encoding, StopsAtTheLimit) {
  ShardBuilder all(tokenizer_, {});
  all.add(write("tests.jsonl", two_items));
  const auto first = static_cast<std::uint64_t>(all.shard().starts[1]);
  for (const std::uint64_t limit : {first, first + 1, first - 1}) {
    ShardBuilder builder(tokenizer_, {.limit = limit});
    builder.add(dir_ / "tests.jsonl");
    EXPECT_TRUE(builder.full());
    EXPECT_EQ(builder.shard().answers.size(), limit < first ? 0u : 1u);
  }
  ShardBuilder texts(tokenizer_, {.chunks = {16}, .limit = 40});
  texts.add(write("tales.txt", std::string(1000, 'x')));
  EXPECT_TRUE(texts.full());
  EXPECT_EQ(texts.shard().ids.size(), 32u);
}

TEST_F(Encoding, NamesWhatIsWrong) {
  ShardBuilder builder(tokenizer_, {});
  std::string sentence;
  const auto path = write("tests.jsonl", std::string(two_items) + "{\"question\":\"No answer?\"}");
  EXPECT_EQ(code_of([&] { builder.add(path); }, &sentence), Code::malformed);
  EXPECT_NE(sentence.find("tests.jsonl, line 4"), std::string::npos) << sentence;
  ShardBuilder latin(tokenizer_, {.chat_format = "latin"});
  EXPECT_EQ(code_of([&] { latin.add(path); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { builder.add(dir_ / "a.doc"); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::train
