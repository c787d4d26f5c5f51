#include <algorithm>
#include <map>

#include "train/tasks/families.h"

namespace crayon::train::tasks {
namespace {

const std::vector<std::string> people = {"Anna", "Tom",  "Lily", "Ben",  "Mia", "Paul",
                                         "Emma", "Noah", "Ida",  "Karl", "Zoe", "Max"};
const std::vector<std::string> places = {"office", "hall",     "kitchen", "garage", "garden",
                                         "attic",  "workshop", "cellar",  "yard",   "store"};
const std::vector<std::string> things = {"key", "meter", "lamp",  "hammer", "ladder",
                                         "map", "radio", "drill", "cup",    "tape"};
const std::vector<std::string> moves = {"{} went to the {}.", "{} is in the {} now.",
                                        "{} walked to the {}."};
const std::vector<std::string> takes = {"{} took the {}.", "{} got the {}.", "{} has the {} now."};

/// What came one after the other: the places of a person, the holders of a thing.
using History = std::map<std::string, std::vector<std::string>>;

/// Who went where and who took what, told in order.
struct Story {
  std::vector<std::string> people;
  std::vector<std::string> places;
  History visits;   ///< person -> places
  History holders;  ///< thing -> people
  std::string text;
};

void tell(Story& story, const std::string& sentence) {
  story.text += (story.text.empty() ? "" : " ") + sentence;
}

/// Adds one of `candidates`, but not the one that was last.
std::string add_other(Dice& dice, std::vector<std::string>& history,
                      const std::vector<std::string>& candidates) {
  std::string one = dice.pick(candidates);
  while (!history.empty() && history.back() == one) {
    one = dice.pick(candidates);
  }
  history.push_back(one);
  return one;
}

void move(Dice& dice, Story& story, const std::string& person) {
  const std::string place = add_other(dice, story.visits[person], story.places);
  tell(story, ask(dice.pick(moves), person, place));
}

void take(Dice& dice, Story& story, const std::string& thing) {
  const std::string person = add_other(dice, story.holders[thing], story.people);
  tell(story, ask(dice.pick(takes), person, thing));
}

Story make_story(Dice& dice) {
  Story story;
  story.people = dice.sample(people, 3);
  story.places = dice.sample(places, 4);
  const std::vector<std::string> goods = dice.sample(things, 2);
  for (const std::string& person : story.people) {
    move(dice, story, person);
  }
  for (const std::string& thing : goods) {
    take(dice, story, thing);
  }
  for (int more = dice.between(2, 4); more > 0; --more) {
    if (dice.coin()) {
      move(dice, story, dice.pick(story.people));
    } else {
      take(dice, story, dice.pick(goods));
    }
  }
  return story;
}

/// Somebody or something of which two things are told, three times in four where there is one: or
/// the first would mostly be the last as well.
std::string pick_changed(Dice& dice, const History& history) {
  std::vector<std::string> all;
  std::vector<std::string> changed;
  for (const auto& [name, told] : history) {
    all.push_back(name);
    if (told.size() > 1) {
      changed.push_back(name);
    }
  }
  const bool any = changed.empty() || dice.between(0, 3) == 0;
  return dice.pick(any ? all : changed);
}

Item where_now(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string person = pick_changed(dice, story.visits);
  return make_item(dice, story.text, ask(form, person), story.visits.at(person).back(),
                   story.places);
}

Item where_first(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string person = pick_changed(dice, story.visits);
  return make_item(dice, story.text, ask(form, person), story.visits.at(person).front(),
                   story.places);
}

Item who_has(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string thing = pick_changed(dice, story.holders);
  return make_item(dice, story.text, ask(form, thing), story.holders.at(thing).back(),
                   story.people);
}

Item who_had_first(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string thing = pick_changed(dice, story.holders);
  return make_item(dice, story.text, ask(form, thing), story.holders.at(thing).front(),
                   story.people);
}

/// Asked for where somebody is, was, or where another one is.
Item is_there(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string person = pick_changed(dice, story.visits);
  const std::vector<std::string>& visits = story.visits.at(person);
  const bool yes = dice.coin();
  std::string asked = yes ? visits.back() : visits.front();
  while (!yes && asked == visits.back()) {
    asked = dice.pick(story.places);
  }
  return make_check(dice, story.text, ask(form, person, asked), yes);
}

/// A thing is where its holder is.
Item where_thing(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string thing = pick_changed(dice, story.holders);
  return make_item(dice, story.text, ask(form, thing),
                   story.visits.at(story.holders.at(thing).back()).back(), story.places);
}

/// Asks for the only one in a place.
Item who_is_in(Dice& dice, const std::string& form) {
  const Story story = make_story(dice);
  const std::string person = dice.pick(story.people);
  const std::string& place = story.visits.at(person).back();
  const auto there = std::ranges::count_if(
      story.visits, [&](const auto& visits) { return visits.second.back() == place; });
  return there > 1 ? who_is_in(dice, form)
                   : make_item(dice, story.text, ask(form, place), person, story.people);
}

const std::vector<Family> families = {
    {"tracking",
     "where_person",
     where_now,
     {"Where is {}?", "In which place is {} now?", "Where did {} go last?", "Where is {} now?"},
     {"I look for {}. In which place?", "Where can I find {} now?"}},
    {"tracking",
     "where_first",
     where_first,
     {"Where was {} first?", "In which place was {} at first?", "Where did {} go first?",
      "Where did {} begin?"},
     {"What was the first place of {}?", "Tell me where {} was at first."}},
    {"tracking",
     "who_has",
     who_has,
     {"Who has the {}?", "With whom is the {}?", "Who holds the {} now?", "Who has the {} now?"},
     {"I need the {}. Who has it?", "With whom do I find the {} now?"}},
    {"tracking",
     "who_had_first",
     who_had_first,
     {"Who had the {} first?", "Who took the {} first?", "With whom was the {} at first?",
      "Who was the first with the {}?"},
     {"Tell me who had the {} at first.", "Who began with the {}?"}},
    {"tracking",
     "is_there",
     is_there,
     {"Is {} in the {}?", "Is {} now in the {}?", "Is {} in the {} at last?"},
     {"Can I find {} in the {} now?"}},
    {"tracking", "where_thing", where_thing, {"Where is the {}?", "In which place is the {}?"}, {}},
    {"tracking", "who_is_in", who_is_in, {"Who is in the {}?", "Whom do we find in the {}?"}, {}},
};

}  // namespace

const std::vector<Family>& tracking_families() {
  return families;
}

}  // namespace crayon::train::tasks
