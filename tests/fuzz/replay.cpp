// Feeds a fuzz target its corpus and a few thousand variations of it, the same on every machine:
// what a real fuzzer has found stays mended.
// Usage: fuzz_TARGET CORPUS [VARIATIONS]
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;
using crayon::Random;

std::vector<std::string> corpus_of(const fs::path& folder) {
  std::vector<fs::path> paths(fs::directory_iterator(folder), fs::directory_iterator{});
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return texts;
}

/// A stretch of some text of the corpus.
std::string stretch(const std::vector<std::string>& corpus, Random& random) {
  const std::string& text = corpus[random.below(corpus.size())];
  return text.substr(random.below(text.size() + 1), random.below(32));
}

void vary_once(std::string& text, const std::vector<std::string>& corpus, Random& random) {
  const std::size_t at = random.below(text.size() + 1);
  switch (random.below(5)) {
    case 0:  // another byte
      text.replace(at, 1, 1, static_cast<char>(random.below(256)));
      return;
    case 1:  // one bit of difference, which turns digits into digits and letters into letters
      if (at < text.size()) {
        text[at] = static_cast<char>(text[at] ^ 1 << random.below(8));
      }
      return;
    case 2:
      text.erase(at, 1 + random.below(8));
      return;
    case 3:
      text.insert(at, stretch(corpus, random));
      return;
    default:
      text.replace(at, random.below(32), stretch(corpus, random));
  }
}

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: fuzz_TARGET CORPUS [VARIATIONS]\n");
    return 2;
  }
  const std::vector<std::string> corpus = corpus_of(arguments[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus\n", arguments[1]);
    return 1;
  }
  std::for_each(corpus.begin(), corpus.end(), run);
  const int variations = count > 2 ? std::stoi(arguments[2]) : 2000;
  Random random(1);
  for (int i = 0; i < variations; ++i) {
    std::string text = corpus[random.below(corpus.size())];
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      vary_once(text, corpus, random);
    }
    run(text);
  }
  std::printf("%zu files, %d variations\n", corpus.size(), variations);
  return 0;
}
