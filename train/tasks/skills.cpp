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
template <int distance>
Item relative(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const std::size_t place =
      pick_place(dice, passage, distance < 0 ? -distance : 0, distance > 0 ? distance : 0, false);
  return place == passage.words.size() ? relative<distance>(dice, form)
                                       : ask_word(dice, passage, ask(form, passage.words[place]),
                                                  place + static_cast<std::size_t>(distance));
}

/// Asks for the word after one that stands several times: after its first or its last place.
template <bool last>
Item next_of(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const std::size_t place = pick_place(dice, passage, 0, 1, true);
  if (place == passage.words.size()) {
    return next_of<last>(dice, form);
  }
  const std::string& word = passage.words[place];
  const std::vector<std::size_t> places = passage.places_of(word);
  const std::size_t asked = last ? places.back() : places.front();
  return asked + 1 == passage.words.size() ? next_of<last>(dice, form)
                                           : ask_word(dice, passage, ask(form, word), asked + 1);
}

Item by_number(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const auto most = static_cast<int>(std::min(passage.words.size(), ordinals.size()));
  const auto place = static_cast<std::size_t>(dice.between(0, most - 1));
  return ask_word(dice, passage, ask(form, place + 1, ordinals[place]), place);
}

Item text_end(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const bool last = dice.coin();
  return ask_word(dice, passage, ask(form, last ? "last" : "first"),
                  last ? passage.words.size() - 1 : 0);
}

Item sentence_end(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const bool last = dice.coin();
  const auto most = static_cast<int>(std::min<std::size_t>(passage.sentences.size(), 6));
  const auto sentence = static_cast<std::size_t>(dice.between(0, most - 1));
  return ask_word(
      dice, passage,
      ask(form, last ? "last" : "first", sentence + 1, ordinals[sentence], last ? "end" : "begin"),
      last ? passage.last_word[sentence] : passage.first_word(sentence));
}

/// Repeats the sentence that a word of it names.
Item repeat(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const std::size_t place = pick_place(dice, passage, 0, 0, false);
  if (place == passage.words.size()) {
    return repeat(dice, form);
  }
  const auto sentence = static_cast<std::size_t>(
      std::ranges::lower_bound(passage.last_word, place) - passage.last_word.begin());
  const std::vector<std::string> others =
      dice.sample(passage.sentences, std::min<std::size_t>(passage.sentences.size(), 4));
  return make_item(dice, passage.text, ask(form, passage.words[place]), passage.sentences[sentence],
                   others);
}

/// Completes a sentence of which all but the last word is given.
Item complete(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const auto chosen =
      static_cast<std::size_t>(dice.between(0, static_cast<int>(passage.sentences.size()) - 1));
  const std::string& sentence = passage.sentences[chosen];
  const std::size_t cut = sentence.rfind(' ');
  if (cut == std::string::npos) {
    return complete(dice, form);
  }
  const std::string beginning = sentence.substr(0, cut);
  const auto begun_alike = std::ranges::count_if(
      passage.sentences, [&](const std::string& one) { return one.starts_with(beginning + " "); });
  return begun_alike > 1 ? complete(dice, form)
                         : ask_word(dice, passage, ask(form, beginning), passage.last_word[chosen]);
}

Item occurs(Dice& dice, const std::string& form) {
  const Passage passage = any_passage(dice);
  const bool yes = dice.coin();
  std::string word = dice.pick(passage.words);
  while (!yes && !passage.places_of(word).empty()) {
    word = dice.pick(any_passage(dice).words);
  }
  return make_check(dice, passage.text, ask(form, word), yes);
}

const std::vector<Family> families = {
    {"skills",
     "word_next",
     relative<1>,
     {"Which word comes after {}?", "Which word follows {}?", "What is the next word after {}?",
      "Name the word right after {}."},
     {}},
    {"skills",
     "word_previous",
     relative<-1>,
     {"Which word comes before {}?", "Which word is in front of {}?", "What is the word before {}?",
      "Name the word right before {}."},
     {}},
    {"skills",
     "word_two_after",
     relative<2>,
     {"Which word is two words after {}?", "What is the second word after {}?",
      "Name the word after the word after {}."},
     {}},
    {"skills",
     "word_next_of_first",
     next_of<false>,
     {"Which word comes after the first {}?", "Where {} stands first, what follows?",
      "What follows the first {}?"},
     {}},
    {"skills",
     "word_next_of_last",
     next_of<true>,
     {"Which word comes after the last {}?", "Where {} stands last, what follows?",
      "What follows the last {}?"},
     {}},
    {"skills",
     "word_by_number",
     by_number,
     {"What is word number {0}?", "Which word is at place {0}?", "Name word {0}.",
      "What is the {1} word?", "Name the {1} word of all."},
     {}},
    {"skills",
     "word_at_text_end",
     text_end,
     {"What is the {} word of the text?", "What is the {} word of all?"},
     {}},
    {"skills",
     "word_at_sentence_end",
     sentence_end,
     {"What is the {0} word of sentence {1}?", "With which word does the {2} sentence {3}?"},
     {}},
    {"skills",
     "sentence_repeat",
     repeat,
     {"Repeat the sentence with {}.", "Copy the sentence that holds the word {}.",
      "Which sentence has the word {}?", "What does the text say with {}?"},
     {}},
    {"skills",
     "sentence_complete",
     complete,
     {"Complete as in the text: {}", "Go on as the text does: {}", "What comes next? {}"},
     {}},
    {"skills",
     "word_occurs",
     occurs,
     {"Does the word {} occur?", "Is the word {} in the text?", "Can you find the word {}?"},
     {}},
};

}  // namespace

const std::vector<Family>& reading_skills() {
  return families;
}

}  // namespace crayon::train::tasks
