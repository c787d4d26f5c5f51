#include <algorithm>

#include "train/tasks/families.h"
#include "train/tasks/made_up.h"
#include "train/tasks/passage.h"

// Lists of made-up words and what they stand for. Nothing in them can be known beforehand, so
// they teach to look up and to copy sooner than any other text.

namespace crayon::train::tasks {
namespace {

/// `count` different words, made up or, one time in three, from a theme's context.
std::vector<std::string> make_words(Dice& dice, std::size_t count) {
  std::vector<std::string> words;
  std::vector<std::string> known;
  if (dice.between(0, 2) == 0) {
    known = any_passage(dice).words;
    dice.shuffle(known);
  }
  while (words.size() < count) {
    std::string word = known.empty() ? made_up_word(dice) : known.back();
    if (!known.empty()) {
      known.pop_back();
    }
    if (std::find(words.begin(), words.end(), word) == words.end()) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

/// Numbers, codes such as B7, or words; not all are different.
std::vector<std::string> make_values(Dice& dice, std::size_t count) {
  if (dice.between(0, 2) == 0) {
    return make_words(dice, count);
  }
  std::vector<std::string> values;
  const bool codes = dice.coin();
  for (std::size_t i = 0; i < count; ++i) {
    const int number = dice.between(1, codes ? 60 : 99);
    const int row = dice.between(0, 5);
    values.push_back(codes ? fmt::format("{}{}", static_cast<char>('A' + row), number)
                           : std::to_string(number));
  }
  return values;
}

struct Pairs {
  std::vector<std::string> keys;    ///< [pairs] apart from each other
  std::vector<std::string> values;  ///< [pairs] none of them is a key
};

Pairs make_pairs(Dice& dice, std::size_t count, bool only_words) {
  Pairs pairs;
  pairs.keys = make_words(dice, count);
  pairs.values = only_words ? make_words(dice, count) : make_values(dice, count);
  const bool overlap = std::ranges::any_of(pairs.values, [&](const std::string& value) {
    return std::ranges::find(pairs.keys, value) != pairs.keys.end();
  });
  return overlap ? make_pairs(dice, count, only_words) : pairs;
}

std::string write(Dice& dice, const Pairs& pairs) {
  const std::vector<std::string> lines = {"{}: {}.", "{} = {}.", "{} is {}.", "{} has {}.",
                                          "{} goes with {}."};
  const std::string line = dice.pick(lines);
  std::string text;
  for (std::size_t i = 0; i < pairs.keys.size(); ++i) {
    text += (i == 0 ? "" : " ") + ask(line, pairs.keys[i], pairs.values[i]);
  }
  return text;
}

std::size_t pick_index(Dice& dice, std::size_t count) {
  return static_cast<std::size_t>(dice.between(0, static_cast<int>(count) - 1));
}

std::size_t pick_count(Dice& dice) {
  return static_cast<std::size_t>(dice.between(3, 9));
}

Item value_of(Dice& dice, const std::string& form) {
  const Pairs pairs = make_pairs(dice, pick_count(dice), false);
  const std::size_t asked = pick_index(dice, pairs.keys.size());
  Item item = make_item(dice, write(dice, pairs), ask(form, pairs.keys[asked]), pairs.values[asked],
                        pairs.values);
  return item.choices.size() < 2 ? value_of(dice, form) : item;
}

Item key_of(Dice& dice, const std::string& form) {
  const Pairs pairs = make_pairs(dice, pick_count(dice), false);
  const std::size_t asked = pick_index(dice, pairs.keys.size());
  const std::string& value = pairs.values[asked];
  return std::ranges::count(pairs.values, value) > 1
             ? key_of(dice, form)
             : make_item(dice, write(dice, pairs), ask(form, value), pairs.keys[asked], pairs.keys);
}

/// A key that is given twice: its first or its last value.
Item value_of_twice(Dice& dice, const std::string& form) {
  Pairs pairs = make_pairs(dice, static_cast<std::size_t>(dice.between(4, 8)), false);
  std::size_t first = pick_index(dice, pairs.keys.size());
  std::size_t last = pick_index(dice, pairs.keys.size());
  if (first > last) {
    std::swap(first, last);
  }
  if (first == last || pairs.values[first] == pairs.values[last]) {
    return value_of_twice(dice, form);
  }
  pairs.keys[last] = pairs.keys[first];
  const bool asks_last = dice.coin();
  return make_item(dice, write(dice, pairs),
                   ask(form, asks_last ? "last" : "first", pairs.keys[first]),
                   pairs.values[asks_last ? last : first], pairs.values);
}

/// Two look-ups, one behind the other.
Item value_of_value(Dice& dice, const std::string& form) {
  Pairs pairs = make_pairs(dice, static_cast<std::size_t>(dice.between(3, 6)), true);
  const std::size_t first = pick_index(dice, pairs.keys.size());
  std::size_t second = first;
  while (second == first) {
    second = pick_index(dice, pairs.keys.size());
  }
  pairs.values[first] = pairs.keys[second];
  return make_item(dice, write(dice, pairs), ask(form, pairs.keys[first]), pairs.values[second],
                   pairs.values);
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
  std::string text = words[from];
  for (std::size_t i = from + 1; i < words.size(); ++i) {
    text += " " + words[i];
  }
  return text;
}

/// Copies words[from...]; the wrong choices have them in other orders.
Item copy_words(Dice& dice, const std::vector<std::string>& words, std::size_t from,
                std::string question) {
  std::vector<std::string> wrong;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::string> mixed = words;
    dice.shuffle(mixed);
    wrong.push_back(joined(mixed, from));
  }
  wrong.push_back(joined(std::vector<std::string>(words.rbegin(), words.rend()), from));
  return make_item(dice, joined(words, 0) + ".", std::move(question), joined(words, from), wrong);
}

Item copy(Dice& dice, const std::string& form) {
  return copy_words(dice, make_words(dice, pick_count(dice)), 0, form);
}

Item copy_from(Dice& dice, const std::string& form) {
  const std::vector<std::string> words = make_words(dice, pick_count(dice));
  const std::size_t from = pick_index(dice, words.size() - 1);
  return copy_words(dice, words, from, ask(form, words[from]));
}

const std::vector<Family> families = {
    {"skills",
     "list_value",
     value_of,
     {"What is {}?", "What does the list give for {}?", "Look up {}.", "What stands at {}?",
      "{} goes with?", "What belongs to {}?"},
     {}},
    {"skills",
     "list_key",
     key_of,
     {"What has {}?", "Which one is {}?", "What stands in front of {}?", "Who belongs to {}?"},
     {}},
    {"skills",
     "list_value_of_twice",
     value_of_twice,
     {"What is the {} value of {}?", "What stands at the {} {}?", "Look up the {} {}."},
     {}},
    {"skills",
     "list_value_of_value",
     value_of_value,
     {"What is the value of the value of {}?", "Look up {} twice.",
      "Where do two steps from {} lead?"},
     {}},
    {"skills",
     "list_copy",
     copy,
     {"Repeat the list.", "Copy all the words.", "What does the list say?"},
     {}},
    {"skills",
     "list_copy_from",
     copy_from,
     {"Repeat the list from {} on.", "Copy the words from {} to the end."},
     {}},
};

}  // namespace

const std::vector<Family>& list_skills() {
  return families;
}

}  // namespace crayon::train::tasks
