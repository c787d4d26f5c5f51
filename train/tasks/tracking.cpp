#include <fmt/format.h>

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

/// Who went where and who took what, told in order.
struct Story {
  std::vector<std::string> actors;                          ///< those who moved
  std::map<std::string, std::vector<std::string>> visits;   ///< person -> places in order
  std::map<std::string, std::vector<std::string>> holders;  ///< thing -> people in order
  std::vector<std::string> seen_places;
  std::string text;
};

Story make_story(Dice& dice) {
  Story story;
  const std::vector<std::string> cast = dice.sample(people, 3);
  const std::vector<std::string> scene = dice.sample(places, 4);
  const std::vector<std::string> goods = dice.sample(things, 2);
  const std::vector<std::string> moves = {"{} went to the {}.", "{} is in the {} now.",
                                          "{} walked to the {}."};
  const std::vector<std::string> takes = {"{} took the {}.", "{} got the {}.",
                                          "{} has the {} now."};
  const auto add = [&](const std::string& sentence) {
    story.text += (story.text.empty() ? "" : " ") + sentence;
  };
  const auto move = [&](const std::string& person) {
    std::vector<std::string>& visited = story.visits[person];
    std::string place = dice.pick(scene);
    while (!visited.empty() && visited.back() == place) {
      place = dice.pick(scene);
    }
    visited.push_back(place);
    add(fmt::format(fmt::runtime(dice.pick(moves)), person, place));
  };
  for (const std::string& person : cast) {
    move(person);
  }
  for (const std::string& thing : goods) {
    story.holders[thing].push_back(dice.pick(cast));
    add(fmt::format(fmt::runtime(dice.pick(takes)), story.holders[thing].back(), thing));
  }
  for (int more = dice.between(1, 3); more > 0; --more) {
    if (dice.coin()) {
      move(dice.pick(cast));
    } else {
      const std::string thing = dice.pick(goods);
      std::string person = dice.pick(cast);
      while (story.holders[thing].back() == person) {
        person = dice.pick(cast);
      }
      story.holders[thing].push_back(person);
      add(fmt::format(fmt::runtime(dice.pick(takes)), person, thing));
    }
  }
  story.actors = cast;
  story.seen_places = scene;
  return story;
}

std::string any_thing(Dice& dice, const Story& story) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : story.holders) {
    names.push_back(name);
  }
  return dice.pick(names);
}

Item where_now(Dice& dice) {
  const Story story = make_story(dice);
  const std::string person = dice.pick(story.actors);
  const std::vector<std::string> forms = {"Where is {}?", "In which place is {} now?"};
  return make_item(dice, story.text, fmt::format(fmt::runtime(dice.pick(forms)), person),
                   story.visits.at(person).back(), story.seen_places);
}

Item where_first(Dice& dice) {
  const Story story = make_story(dice);
  const std::string person = dice.pick(story.actors);
  return make_item(dice, story.text, fmt::format("Where was {} first?", person),
                   story.visits.at(person).front(), story.seen_places);
}

Item who_has(Dice& dice) {
  const Story story = make_story(dice);
  const std::string thing = any_thing(dice, story);
  const std::vector<std::string> forms = {"Who has the {}?", "With whom is the {}?"};
  return make_item(dice, story.text, fmt::format(fmt::runtime(dice.pick(forms)), thing),
                   story.holders.at(thing).back(), story.actors);
}

Item who_had_first(Dice& dice) {
  const Story story = make_story(dice);
  const std::string thing = any_thing(dice, story);
  return make_item(dice, story.text, fmt::format("Who had the {} first?", thing),
                   story.holders.at(thing).front(), story.actors);
}

Item where_thing(Dice& dice) {
  const Story story = make_story(dice);
  const std::string thing = any_thing(dice, story);
  return make_item(dice, story.text, fmt::format("Where is the {}?", thing),
                   story.visits.at(story.holders.at(thing).back()).back(), story.seen_places);
}

Item is_there(Dice& dice) {
  const Story story = make_story(dice);
  const std::string person = dice.pick(story.actors);
  const std::string place = story.visits.at(person).back();
  const bool yes = dice.coin();
  std::string asked = place;
  while (!yes && asked == place) {
    asked = dice.pick(story.seen_places);
  }
  return make_check(dice, story.text, fmt::format("Is {} in the {}?", person, asked), yes);
}

constexpr Family families[] = {
    {"tracking", "where_person", where_now},  {"tracking", "where_first", where_first},
    {"tracking", "who_has", who_has},         {"tracking", "who_had_first", who_had_first},
    {"tracking", "where_thing", where_thing}, {"tracking", "is_there", is_there},
};

}  // namespace

std::span<const Family> tracking_families() {
  return families;
}

}  // namespace crayon::train::tasks
