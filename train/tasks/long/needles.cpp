#include <algorithm>

#include "base/error.h"
#include "train/tasks/long/long_tasks.h"
#include "train/tasks/made_up.h"

// Needles in a haystack (Kamradt 2023): facts that nothing around them hints at.

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> looks = {"old",   "new",  "red",   "blue",   "green", "white",
                                        "black", "grey", "brown", "yellow", "small", "great"};
const std::vector<std::string> places = {"gate",   "door",    "house",   "room",   "hall",
                                         "garden", "store",   "yard",    "cellar", "roof",
                                         "ship",   "station", "office",  "road",   "field",
                                         "mill",   "church",  "kitchen", "shop",   "street"};

struct Needles {
  std::string kind;                         ///< what the values are
  std::vector<std::string> places, values;  ///< [needles] the first one is asked for
  std::vector<std::string> others;          ///< values that no needle has
  std::vector<std::string> sentences;
};

/// Four digits of which none comes twice: so each tells the next one.
std::string code(Dice& dice) {
  std::string text;
  for (const int digit : dice.sample(std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 4)) {
    text += static_cast<char>('0' + digit);
  }
  return text;
}

/// No two needles share a word of the place.
Needles make_needles(Dice& dice, std::size_t count) {
  constexpr std::size_t spare = 3;
  Needles needles;
  const bool is_code = dice.coin();
  needles.kind = is_code ? "code" : "word";
  std::vector<std::string> values;
  while (values.size() < count + spare) {
    std::string value = is_code ? code(dice) : made_up_word(dice);
    // A shorter one could be a word of the text around it.
    const bool odd = is_code || value.size() > 4;
    if (odd && std::ranges::find(values, value) == values.end()) {
      values.push_back(std::move(value));
    }
  }
  const std::vector<std::string> look = dice.sample(looks, count);
  const std::vector<std::string> place = dice.sample(places, count);
  for (std::size_t i = 0; i < count; ++i) {
    needles.places.push_back(look[i] + " " + place[i]);
    needles.values.push_back(values[i]);
    needles.sentences.push_back(
        fmt::format("The {} of the {} is {}.", needles.kind, needles.places[i], values[i]));
  }
  needles.others.assign(values.begin() + static_cast<std::ptrdiff_t>(count), values.end());
  return needles;
}

Needles some_needles(Dice& dice, const LongSettings& settings, int least) {
  const auto by_chance = static_cast<std::size_t>(dice.between(least, 4));
  return make_needles(dice, settings.needles > 0 ? settings.needles : by_chance);
}

std::string in_log(Dice& dice, const LongSettings& settings, const Needles& needles) {
  // A line ends with the full stop that write_log sets.
  std::vector<std::string> facts;
  for (const std::string& sentence : needles.sentences) {
    facts.push_back(sentence.substr(0, sentence.size() - 1));
  }
  std::vector<std::string> times;
  const std::size_t length = dice.pick(settings.lengths);
  return write_log(dice, length, settings.depth, facts, times);
}

std::string in_manual(Dice& dice, const LongSettings& settings, const Needles& needles) {
  const std::size_t length = dice.pick(settings.lengths);
  return strew_sentences(dice, length, settings.depth, needles.sentences,
                         [&] { return advice(dice); });
}

/// Sentences of the text that follow each other, from any place on.
std::string in_text(Dice& dice, const LongSettings& settings, const Needles& needles) {
  if (settings.text.empty()) {
    throw Error(Code::bad_argument, "there is no text to hide needles in",
                "name one with --filler, of some sentences");
  }
  auto next = static_cast<std::size_t>(dice.between(0, static_cast<int>(settings.text.size()) - 1));
  const std::size_t length = dice.pick(settings.lengths);
  return strew_sentences(dice, length, settings.depth, needles.sentences,
                         [&] { return settings.text[next++ % settings.text.size()]; });
}

using Hide = std::string (*)(Dice&, const LongSettings&, const Needles&);

template <Hide hide>
Item find_one(Dice& dice, const LongSettings& settings, const std::string& form) {
  const Needles needles = some_needles(dice, settings, 1);
  std::vector<std::string> wrong = needles.values;
  // Where there are few other needles, values that are not there stand in.
  wrong.insert(wrong.end(), needles.others.begin(), needles.others.end());
  wrong.resize(std::max<std::size_t>(4, needles.values.size()));
  return make_item(dice, hide(dice, settings, needles), ask(form, needles.kind, needles.places[0]),
                   needles.values[0], wrong);
}

Item find_several(Dice& dice, const LongSettings& settings, const std::string& form) {
  Needles needles = some_needles(dice, settings, 2);
  if (needles.places.size() < 2) {
    throw Error(Code::bad_argument, "needle_several needs two needles", "give more --needles");
  }
  const bool log = dice.coin();
  std::string context = log ? in_log(dice, settings, needles) : in_manual(dice, settings, needles);
  return ask_several(dice, std::move(context), ask(form, needles.kind, "{}"), needles.places,
                     needles.values);
}

const std::vector<std::string> one_forms = {
    "What is the {} of the {}?", "Which {} belongs to the {}?", "Tell me the {} of the {}."};

const std::vector<LongTask> tasks = {
    {"needles", "needle_in_log", find_one<in_log>, one_forms},
    {"needles", "needle_in_manual", find_one<in_manual>, one_forms},
    {"needles",
     "needle_several",
     find_several,
     {"What is the {} of each: {}?", "Tell me the {} of these: {}."}},
    {"needles", "needle_in_text", find_one<in_text>, one_forms},
};

}  // namespace

const std::vector<LongTask>& needle_tasks() {
  return tasks;
}

std::vector<LongTask> long_tasks(bool text) {
  std::vector<LongTask> all;
  for (const std::vector<LongTask>& theme :
       {long_log_tasks(), long_manual_tasks(), needle_tasks()}) {
    all.insert(all.end(), theme.begin(), theme.end());
  }
  if (!text) {
    std::erase_if(all, [](const LongTask& task) { return task.name == "needle_in_text"; });
  }
  return all;
}

}  // namespace crayon::train::tasks
