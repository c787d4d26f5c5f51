#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "train/tasks/families.h"

namespace crayon::train::tasks {

/// What the items are for.
enum class Set {
  skills,    ///< reading without a rule: what a base model is trained on
  base,      ///< the families whose rules an adapter pool learns
  custom,    ///< what users do: mixtures and variants that no pool has seen
  held_out,  ///< the families behind the variants, each for itself
  all,       ///< the four, one after the other
};

/// The set of this name: its enumerator with a hyphen. Throws bad_argument.
Set set_named(std::string_view name);

/// Part of a task: a family, in the wording of the pool's training or in a user's.
struct Part {
  const Family* family;
  bool as_user = false;
};

/// A name that items carry, and the families that they come from in turn by chance.
struct Task {
  std::string set;    ///< "skills", "base", "custom", "held-out"
  std::string group;  ///< the family's theme; of a custom task: its kind
  std::string name;
  std::vector<Part> parts;
};

std::vector<Task> tasks_of(Set set);

/// An item and the name of the family that it comes from.
struct Drawn {
  Item item;
  std::string_view family;
};
Drawn draw(const Task& task, Dice& dice);

}  // namespace crayon::train::tasks
