#include <fmt/format.h>

#include <algorithm>

#include "train/tasks/families.h"
#include "train/tasks/passage.h"

// Reading without a theme's rules: finding, counting off and copying words of any theme's context.

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> ordinals = {"first", "second",  "third",  "fourth", "fifth",
                                           "sixth", "seventh", "eighth", "ninth",  "tenth"};

/// Asks for words[place]; the wrong choices are other words of the passage.
Item ask_word(Dice& dice, const Passage& passage, std::string question, std::size_t place) {
  const std::vector<std::string> others =
      dice.sample(passage.words, std::min<std::size_t>(passage.words.size(), 6));
  return make_item(dice, passage.text, std::move(question), passage.words[place], others);
}

/// A place in [least, words - behind) whose word stands nowhere else, or whose word is repeated.
std::size_t pick_place(Dice& dice, const Passage& passage, std::size_t least, std::size_t behind,
                       bool repeated) {
  std::vector<std::size_t> places;
  for (std::size_t i = least; i + behind < passage.words.size(); ++i) {
    if ((passage.places_of(passage.words[i]).size() > 1) == repeated) {
      places.push_back(i);
    }
  }
  return places.empty() ? passage.words.size() : dice.pick(places);
}

/// Asks for the word `distance` behind a word that stands once.
Item relative(Dice& dice, const std::vector<std::string>& forms, int distance) {
  const Passage passage = any_passage(dice);
  const std::size_t place =
      pick_place(dice, passage, distance < 0 ? static_cast<std::size_t>(-distance) : 0,
                 distance > 0 ? static_cast<std::size_t>(distance) : 0, false);
  return place == passage.words.size()
             ? relative(dice, forms, distance)
             : ask_word(dice, passage,
                        fmt::format(fmt::runtime(dice.pick(forms)), passage.words[place]),
                        place + static_cast<std::size_t>(distance));
}

Item next(Dice& dice) {
  return relative(dice,
                  {"Which word comes after {}?", "Which word follows {}?",
                   "What is the next word after {}?", "Name the word right after {}."},
                  1);
}

Item previous(Dice& dice) {
  return relative(dice,
                  {"Which word comes before {}?", "Which word is in front of {}?",
                   "What is the word before {}?", "Name the word right before {}."},
                  -1);
}

Item two_after(Dice& dice) {
  return relative(dice,
                  {"Which word is two words after {}?", "What is the second word after {}?",
                   "Name the word after the word after {}."},
                  2);
}

/// Asks for the word after one that stands several times: after its first or its last place.
Item next_of(Dice& dice, const std::vector<std::string>& forms, bool last) {
  const Passage passage = any_passage(dice);
  const std::size_t place = pick_place(dice, passage, 0, 1, true);
  if (place == passage.words.size()) {
    return next_of(dice, forms, last);
  }
  const std::string& word = passage.words[place];
  const std::vector<std::size_t> places = passage.places_of(word);
  const std::size_t asked = last ? places.back() : places.front();
  return asked + 1 == passage.words.size()
             ? next_of(dice, forms, last)
             : ask_word(dice, passage, fmt::format(fmt::runtime(dice.pick(forms)), word),
                        asked + 1);
}

Item next_of_first(Dice& dice) {
  return next_of(dice,
                 {"Which word comes after the first {}?", "Where {} stands first, what follows?",
                  "What follows the first {}?"},
                 false);
}

Item next_of_last(Dice& dice) {
  return next_of(dice,
                 {"Which word comes after the last {}?", "Where {} stands last, what follows?",
                  "What follows the last {}?"},
                 true);
}

Item by_number(Dice& dice) {
  const Passage passage = any_passage(dice);
  const auto most = static_cast<int>(std::min(passage.words.size(), ordinals.size()));
  const auto place = static_cast<std::size_t>(dice.between(0, most - 1));
  const std::vector<std::string> forms = {"What is word number {}?", "Which word is at place {}?",
                                          "Name word {}."};
  const std::string question = dice.coin() ? fmt::format("What is the {} word?", ordinals[place])
                                           : fmt::format(fmt::runtime(dice.pick(forms)), place + 1);
  return ask_word(dice, passage, question, place);
}

/// The first or the last word of the whole, or of one sentence.
Item end_word(Dice& dice) {
  const Passage passage = any_passage(dice);
  const bool last = dice.coin();
  const char* const which = last ? "last" : "first";
  if (dice.between(0, 3) == 0) {
    const std::vector<std::string> forms = {"What is the {} word of the text?",
                                            "What is the {} word of all?"};
    return ask_word(dice, passage, fmt::format(fmt::runtime(dice.pick(forms)), which),
                    last ? passage.words.size() - 1 : 0);
  }
  const auto most = static_cast<int>(std::min<std::size_t>(passage.sentences.size(), 6));
  const auto sentence = static_cast<std::size_t>(dice.between(0, most - 1));
  const std::string question =
      dice.coin() ? fmt::format("What is the {} word of sentence {}?", which, sentence + 1)
                  : fmt::format("With which word does the {} sentence {}?", ordinals[sentence],
                                last ? "end" : "begin");
  return ask_word(dice, passage, question,
                  last ? passage.last_word[sentence] : passage.first_word(sentence));
}

/// Repeats the sentence that a word of it names.
Item repeat(Dice& dice) {
  const Passage passage = any_passage(dice);
  const std::size_t place = pick_place(dice, passage, 0, 0, false);
  if (place == passage.words.size()) {
    return repeat(dice);
  }
  const auto sentence = static_cast<std::size_t>(
      std::lower_bound(passage.last_word.begin(), passage.last_word.end(), place) -
      passage.last_word.begin());
  const std::vector<std::string> forms = {
      "Repeat the sentence with {}.", "Copy the sentence that holds the word {}.",
      "Which sentence has the word {}?", "What does the text say with {}?"};
  const std::vector<std::string> others =
      dice.sample(passage.sentences, std::min<std::size_t>(passage.sentences.size(), 4));
  return make_item(dice, passage.text,
                   fmt::format(fmt::runtime(dice.pick(forms)), passage.words[place]),
                   passage.sentences[sentence], others);
}

/// Completes a sentence of which the beginning is given.
Item complete(Dice& dice) {
  const Passage passage = any_passage(dice);
  const auto chosen =
      static_cast<std::size_t>(dice.between(0, static_cast<int>(passage.sentences.size()) - 1));
  const std::string& sentence = passage.sentences[chosen];
  const std::size_t cut = sentence.rfind(' ');
  if (cut == std::string::npos) {
    return complete(dice);
  }
  const std::string beginning = sentence.substr(0, cut);
  const auto alike = std::count_if(
      passage.sentences.begin(), passage.sentences.end(),
      [&](const std::string& one) { return one.starts_with(beginning + " ") && one != sentence; });
  const std::vector<std::string> forms = {"Complete as in the text: {}",
                                          "Go on as the text does: {}", "What comes next? {}"};
  return alike > 0 ? complete(dice)
                   : ask_word(dice, passage, fmt::format(fmt::runtime(dice.pick(forms)), beginning),
                              passage.last_word[chosen]);
}

Item occurs(Dice& dice) {
  const Passage passage = any_passage(dice);
  const bool yes = dice.coin();
  std::string word = dice.pick(passage.words);
  while (!yes && !passage.places_of(word).empty()) {
    word = dice.pick(any_passage(dice).words);
  }
  const std::vector<std::string> forms = {"Does the word {} occur?", "Is the word {} in the text?",
                                          "Can you find the word {}?"};
  return make_check(dice, passage.text, fmt::format(fmt::runtime(dice.pick(forms)), word), yes);
}

constexpr Family families[] = {
    {"skills", "word_next", next},
    {"skills", "word_previous", previous},
    {"skills", "word_two_after", two_after},
    {"skills", "word_next_of_first", next_of_first},
    {"skills", "word_next_of_last", next_of_last},
    {"skills", "word_by_number", by_number},
    {"skills", "word_at_end", end_word},
    {"skills", "sentence_repeat", repeat},
    {"skills", "sentence_complete", complete},
    {"skills", "word_occurs", occurs},
};

}  // namespace

std::span<const Family> reading_skills() {
  return families;
}

}  // namespace crayon::train::tasks
