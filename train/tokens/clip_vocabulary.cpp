#include "train/tokens/clip_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/byte_alphabet.h"

namespace crayon::train {
namespace {

constexpr const char* word_end = "</w>";
constexpr const char* text_start = "<|startoftext|>";
constexpr const char* text_end = "<|endoftext|>";

using Pair = std::pair<std::string, std::string>;

/// Merges with their ranks, as encoding uses them.
class Merges {
 public:
  /// Adds what it takes for the word to become one piece.
  void learn(const std::string& word) {
    std::vector<std::string> pieces = letters(word);
    while (pieces.size() > 1) {
      std::size_t best = first_of_lowest_rank(pieces);
      if (best == pieces.size()) {  // no merge is left: the beginning grows
        best = 0;
        ranks_.emplace(Pair(pieces[0], pieces[1]), order_.size());
        order_.emplace_back(pieces[0], pieces[1]);
      }
      pieces[best] += pieces[best + 1];
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
  }

  const std::vector<Pair>& in_order() const { return order_; }

 private:
  static std::vector<std::string> letters(const std::string& word) {
    std::vector<std::string> pieces;
    for (const char letter : word) {
      if (letter < 'a' || letter > 'z') {
        throw Error(Code::bad_argument, fmt::format("{} is no word in lower case", word),
                    "leave it out: it will be spelled");
      }
      pieces.emplace_back(1, letter);
    }
    if (pieces.empty()) {
      throw Error(Code::bad_argument, "a word is empty", "leave it out");
    }
    pieces.back() += word_end;
    return pieces;
  }

  /// Where the pair that is merged next begins; the size of `pieces` when there is none.
  std::size_t first_of_lowest_rank(const std::vector<std::string>& pieces) const {
    std::size_t best = pieces.size();
    std::size_t lowest = order_.size();
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = ranks_.find({pieces[i], pieces[i + 1]});
      if (found != ranks_.end() && found->second < lowest) {
        best = i;
        lowest = found->second;
      }
    }
    return best;
  }

  std::map<Pair, std::size_t> ranks_;
  std::vector<Pair> order_;
};

}  // namespace

ClipVocabulary clip_vocabulary(const std::vector<std::string>& words) {
  Merges merges;
  for (const std::string& word : words) {
    merges.learn(word);
  }
  ClipVocabulary vocabulary;
  const std::vector<std::string> alphabet = importers::byte_alphabet();
  vocabulary.pieces = alphabet;
  for (const std::string& byte : alphabet) {
    vocabulary.pieces.push_back(byte + word_end);
  }
  for (const auto& [left, right] : merges.in_order()) {
    vocabulary.merges.push_back(left + " " + right);
    vocabulary.pieces.push_back(left + right);
  }
  vocabulary.pieces.emplace_back(text_start);
  vocabulary.pieces.emplace_back(text_end);
  return vocabulary;
}

void write_clip_tokenizer(const ClipVocabulary& vocabulary, std::int64_t context,
                          const std::filesystem::path& folder) {
  nlohmann::ordered_json ids = nlohmann::ordered_json::object();
  for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    ids[vocabulary.pieces[id]] = id;
  }
  std::string merges = "#version: 0.2\n";
  for (const std::string& merge : vocabulary.merges) {
    merges += merge + "\n";
  }
  const nlohmann::ordered_json config = {{"tokenizer_class", "CLIPTokenizer"},
                                         {"bos_token", text_start},
                                         {"eos_token", text_end},
                                         {"pad_token", text_end},
                                         {"unk_token", text_end},
                                         {"do_lower_case", true},
                                         {"model_max_length", context}};
  write_text(folder / "vocab.json", ids.dump(1) + "\n");
  write_text(folder / "merges.txt", merges);
  write_text(folder / "tokenizer_config.json", config.dump(1) + "\n");
}

}  // namespace crayon::train
