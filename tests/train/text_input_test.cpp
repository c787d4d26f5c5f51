#include "train/tokens/text_input.h"

#include <zstd.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/support.h"
#include "train/tokens/documents.h"
#include "train/tokens/sentences.h"

namespace crayon::train {
namespace {

using test::code_of;
using Lines = std::vector<std::string>;

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string compressed(const std::string& content) {
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), 3));
  return frame;
}

Lines lines_of(const std::filesystem::path& path) {
  Lines lines;
  LineReader reader(path);
  for (std::string line; reader.next(line);) {
    lines.push_back(line);
  }
  return lines;
}

Lines documents_of(const std::filesystem::path& path) {
  Lines documents = {""};
  for_each_document(path, [&](std::string_view text, bool last) {
    documents.back() += text;
    if (last) {
      documents.emplace_back();
    }
    return true;
  });
  documents.pop_back();
  return documents;
}

TEST(TextInput, KindsAndNamesAreThoseOfTheFileName) {
  EXPECT_EQ(kind_of("a/books.v2.txt.zst"), InputKind::text);
  EXPECT_EQ(kind_of("tasks.jsonl"), InputKind::tasks);
  EXPECT_EQ(kind_of("tasks.jsonl.zst"), InputKind::tasks);
  EXPECT_EQ(name_of("a/books.v2.txt.zst"), "books.v2");
  EXPECT_EQ(code_of([] { kind_of("books.zst"); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { kind_of("books.pdf"); }), Code::bad_argument);
}

TEST(LineReader, LinesAreThoseOfTheTextHoweverItIsStored) {
  const test::TempDir dir;
  std::string content =
      "\xef\xbb\xbf"
      "one\r\n\n";
  Lines expected = {"one", ""};
  for (int i = 0; i < 300; ++i) {  // lines that cross the blocks it is read in
    expected.push_back(std::string(9973, static_cast<char>('a' + i % 26)));
    content += expected.back() + "\n";
  }
  content += "last";
  expected.emplace_back("last");
  write(dir / "a.txt", content);
  write(dir / "a.txt.zst", compressed(content));
  const std::size_t half = content.size() / 2;
  write(dir / "two.txt.zst",
        compressed(content.substr(0, half)) + compressed("") + compressed(content.substr(half)));
  EXPECT_EQ(lines_of(dir / "a.txt"), expected);
  EXPECT_EQ(lines_of(dir / "a.txt.zst"), expected);
  EXPECT_EQ(lines_of(dir / "two.txt.zst"), expected);

  LineReader reader(dir / "a.txt");
  std::string line;
  reader.next(line);
  reader.next(line);
  EXPECT_TRUE(reader.where().ends_with("a.txt, line 2")) << reader.where();
  write(dir / "empty.txt", "");
  EXPECT_TRUE(lines_of(dir / "empty.txt").empty());
  write(dir / "empty.txt.zst", "");
  EXPECT_TRUE(lines_of(dir / "empty.txt.zst").empty());
}

TEST(LineReader, NamesWhatIsWrong) {
  const test::TempDir dir;
  const std::string good = compressed(std::string(100000, 'x'));
  write(dir / "cut.txt.zst", good.substr(0, good.size() - 3));
  write(dir / "not.txt.zst", "plain text");
  EXPECT_EQ(code_of([&] { lines_of(dir / "cut.txt.zst"); }), Code::truncated);
  EXPECT_EQ(code_of([&] { lines_of(dir / "not.txt.zst"); }), Code::corrupt);
  EXPECT_EQ(code_of([&] { lines_of(dir / "absent.txt"); }), Code::not_found);
  write(dir / "bomb.txt.zst", compressed(std::string(std::size_t{70} << 20, 'x')));
  EXPECT_EQ(code_of([&] { lines_of(dir / "bomb.txt.zst"); }), Code::over_limit);
}

TEST(Documents, EndAtTheMarkerWhereThereIsOne) {
  const test::TempDir dir;
  write(dir / "a.txt",
        "<|endoftext|>\nFirst.\n\n\n\nStill first.\n<|endoftext|>\nSecond.\n\n"
        "<|endoftext|>Third.<|endoftext|>\n\n");
  EXPECT_EQ(documents_of(dir / "a.txt"),
            (Lines{"First.\n\n\n\nStill first.", "Second.", "Third."}));
}

TEST(Documents, EndAtSeveralBlankLinesOtherwise) {
  const test::TempDir dir;
  write(dir / "a.txt", "\n\nFirst.\n\nStill first.\r\n \n\n\n\nSecond,\nwith a line.");
  EXPECT_EQ(documents_of(dir / "a.txt"),
            (Lines{"First.\n\nStill first.", "Second,\nwith a line."}));
}

TEST(Documents, VeryLongOnesComeInParts) {
  const test::TempDir dir;
  std::string content;
  while (content.size() < (std::size_t{3} << 20)) {
    content += "A line of some length.\n";
  }
  content += "The end.";
  write(dir / "a.txt", content);
  int parts = 0;
  for_each_document(dir / "a.txt", [&](std::string_view text, bool last) {
    EXPECT_EQ(last, text.ends_with("The end."));
    ++parts;
    return true;
  });
  EXPECT_GE(parts, 3);
  EXPECT_EQ(documents_of(dir / "a.txt"), Lines{content});
  parts = 0;
  for_each_document(dir / "a.txt", [&](std::string_view, bool) { return ++parts < 2; });
  EXPECT_EQ(parts, 2);
}

TEST(Sentences, ComeFromTextsAndTasks) {
  const test::TempDir dir;
  write(dir / "a.txt", "One.\n\n<|endoftext|>\nTwo.\n");
  write(dir / "b.jsonl",
        "{\"context\":\"C1\\nC2\",\"question\":\"Q\",\"choices\":[\"x\",\"y\"]}\n\n"
        "{\"question\":\"R\",\"answer\":\"free\"}\n");
  const std::vector<std::filesystem::path> inputs = {dir / "a.txt", dir / "b.jsonl"};
  EXPECT_EQ(sample_sentences(inputs, 100, 0),
            (Lines{"One.", "Two.", "C1", "C2", "Q", "x", "y", "R", "free"}));
  const Lines some = sample_sentences(inputs, 4, 1);
  EXPECT_EQ(some.size(), 4u);
  EXPECT_EQ(some, sample_sentences(inputs, 4, 1));

  write(dir / "b.jsonl", "\nwrong\n");
  std::string sentence;
  EXPECT_EQ(code_of([&] { sample_sentences(inputs, 4, 1); }, &sentence), Code::malformed);
  EXPECT_NE(sentence.find("b.jsonl, line 2"), std::string::npos) << sentence;
  write(dir / "a.txt", "\n\n");
  EXPECT_EQ(code_of([&] { sample_sentences(std::span(inputs).first(1), 4, 1); }), Code::malformed);
}

TEST(Sentences, LongLinesAreCutBetweenCharacters) {
  const test::TempDir dir;
  std::string endless = "x";  // no space, and every cut would fall within an é
  while (endless.size() < 20000) {
    endless += "é";
  }
  write(dir / "a.txt", endless + "\n");
  const std::vector<std::filesystem::path> inputs = {dir / "a.txt"};
  std::string joined;
  for (const std::string& sentence : sample_sentences(inputs, 100, 0)) {
    EXPECT_LE(sentence.size(), 8192u);
    EXPECT_FALSE(sentence.starts_with("\xa9"));
    joined += sentence;
  }
  EXPECT_EQ(joined, endless);
}

}  // namespace
}  // namespace crayon::train
