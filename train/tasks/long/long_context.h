#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// What the contexts of the set `long` are like.
struct LongSettings {
  std::vector<std::size_t> lengths = {250};  ///< of a context, by count_pieces; each as probable
  std::optional<double> depth = {};          ///< where the fact asked for stands, 0: first, 1: last
  std::size_t needles = 0;                   ///< needles in a context; 0: one to four, by chance
  std::vector<std::string> text = {};        ///< [sentences] of what needle_in_text hides them in
};

/// How long a text is for a small model's tokenizer, nearly: a word, a digit and a mark count one
/// each, and a number one more, for the space before it.
std::size_t count_pieces(std::string_view text);

/// A text's sentences of three to forty pieces, each with the mark that ends it; white space
/// becomes single spaces. Those with a control token such as <|endoftext|> are left out.
std::vector<std::string> sentences_of(std::string_view text);

/// The lines of a long context: the index of a fact for each that is one.
using Lines = std::vector<std::optional<std::size_t>>;

/// `facts` facts among `fillers` other lines. Fact 0 is the one asked for: it stands behind
/// depth * fillers of them, all else by chance.
Lines strew(Dice& dice, std::size_t facts, std::size_t fillers, std::optional<double> depth);

/// A context of `length` pieces: facts among as many sentences from `make` as fit beside them.
template <typename Make>
std::string strew_sentences(Dice& dice, std::size_t length, std::optional<double> depth,
                            const std::vector<std::string>& facts, const Make& make) {
  std::size_t held = 0;
  for (const std::string& fact : facts) {
    held += count_pieces(fact);
  }
  std::vector<std::string> fillers;
  for (std::string next = make(); held + count_pieces(next) <= length; next = make()) {
    held += count_pieces(next);
    fillers.push_back(std::move(next));
  }
  std::string text;
  std::size_t filler = 0;
  for (const auto& fact : strew(dice, facts.size(), fillers.size(), depth)) {
    text += (text.empty() ? "" : " ") + (fact ? facts[*fact] : fillers[filler++]);
  }
  return text;
}

/// Asks for several facts at once: "KEY VALUE, KEY VALUE", in an order by chance; the wrong choices
/// give the values to other keys. `form` gets the keys, "KEY, KEY and KEY". Two keys at least.
Item ask_several(Dice& dice, std::string context, const std::string& form,
                 const std::vector<std::string>& keys, const std::vector<std::string>& values);

}  // namespace crayon::train::tasks
