#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// A kind of question. Families of one theme share their context's words and differ in the rule
/// that answers the question: what an adapter has to teach.
struct Family {
  std::string theme;
  std::string name;
  Item (*rule)(Dice& dice, const std::string& form);
  std::vector<std::string> forms;       ///< wordings of the question
  std::vector<std::string> user_forms;  ///< more wordings, in custom tasks only; may be empty

  Item make(Dice& dice) const {
    const std::string& form = dice.pick(forms);
    return rule(dice, form);
  }
  /// In the wordings of both kinds.
  Item make_for_user(Dice& dice) const {
    std::vector<std::string> both = forms;
    both.insert(both.end(), user_forms.begin(), user_forms.end());
    const std::string& form = dice.pick(both);
    return rule(dice, form);
  }
};

// One function a theme, each in a file of its own.
const std::vector<Family>& sensor_families();     ///< a log of readings
const std::vector<Family>& manual_families();     ///< error codes, meanings, actions
const std::vector<Family>& part_families();       ///< boxes, parts, numbers in stock
const std::vector<Family>& schedule_families();   ///< what is done on which day
const std::vector<Family>& tracking_families();   ///< people and things that move
const std::vector<Family>& procedure_families();  ///< numbered steps
const std::vector<Family>& wiring_families();     ///< wires between terminals
const std::vector<Family>& log_families();        ///< long logs with a few relevant lines

// The theme "skills": reading without a rule. A base model may learn these, and nothing above.
const std::vector<Family>& reading_skills();  ///< finding and copying words of any theme's context
const std::vector<Family>& list_skills();     ///< looking up in lists of made-up words, copying

/// The families with a rule, theme by theme.
const std::vector<Family>& rule_families();

/// The dice for the items of one name: those of the same seed are independent of each other.
Dice dice_of(std::string_view name, std::uint64_t seed);

}  // namespace crayon::train::tasks
