#include "train/tokens/sentences.h"

#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "runtime/eval/task_file.h"
#include "train/tokens/documents.h"
#include "train/tokens/text_input.h"

namespace crayon::train {
namespace {

// SentencePiece counts the characters of a word in 16 bits, and ends the program beyond them.
constexpr std::size_t longest_sentence = 8192;  // bytes

/// A uniform sample of a stream whose length is not known (Vitter 1985, algorithm R).
class Reservoir {
 public:
  Reservoir(std::size_t size, std::uint64_t seed) : size_(size), random_(seed) {}

  void add(std::string_view sentence) {
    ++seen_;
    if (sample_.size() < size_) {
      sample_.emplace_back(sentence);
    } else if (const std::uint64_t place = random_.below(seen_); place < size_) {
      sample_[place] = sentence;
    }
  }

  std::vector<std::string> finish() { return std::move(sample_); }

 private:
  std::size_t size_;
  Random random_;
  std::uint64_t seen_ = 0;
  std::vector<std::string> sample_;
};

/// Where to end the first part of a line that is too long: behind a space, if there is one, and
/// never within a character.
std::size_t part_of(std::string_view line) {
  if (line.size() <= longest_sentence) {
    return line.size();
  }
  const std::size_t space = line.rfind(' ', longest_sentence - 1);
  if (space != std::string_view::npos) {
    return space + 1;
  }
  std::size_t size = longest_sentence;
  while (size > longest_sentence - 4 && (static_cast<unsigned char>(line[size]) & 0xc0) == 0x80) {
    --size;
  }
  return size;
}

void add_text(std::string_view text, Reservoir& sample) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty()) {
      const std::size_t size = part_of(line);
      sample.add(line.substr(0, size));
      line.remove_prefix(size);
    }
  }
}

void add_item(const eval::TaskItem& item, Reservoir& sample) {
  add_text(item.content(), sample);
  for (const std::string& choice : item.choices) {
    add_text(choice, sample);
  }
  if (item.choices.empty()) {
    add_text(item.answer, sample);
  }
}

void add_file(const std::filesystem::path& path, Reservoir& sample) {
  const InputKind kind = kind_of(path);
  LineReader reader(path);
  for (std::string line; reader.next(line);) {
    if (kind == InputKind::text) {
      if (line != document_marker) {
        add_text(line, sample);
      }
    } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
      add_item(eval::parse_task_item(line, reader.where()), sample);
    }
  }
}

}  // namespace

std::vector<std::string> sample_sentences(std::span<const std::filesystem::path> inputs,
                                          std::size_t most, std::uint64_t seed) {
  Reservoir sample(most, seed);
  for (const std::filesystem::path& path : inputs) {
    add_file(path, sample);
  }
  std::vector<std::string> sentences = sample.finish();
  if (sentences.empty()) {
    throw Error(Code::malformed, "there is no text to train a tokenizer on", "name longer files");
  }
  return sentences;
}

}  // namespace crayon::train
