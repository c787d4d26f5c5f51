#pragma once

#include <string>
#include <vector>

#include "train/tasks/long/long_context.h"

namespace crayon::train::tasks {

/// A kind of question about a long context, where what is asked for stands once. A family of its
/// own: the settings, not the family, say how long its contexts are.
struct LongTask {
  std::string group;  ///< the theme
  std::string name;
  Item (*rule)(Dice& dice, const LongSettings& settings, const std::string& form);
  std::vector<std::string> forms;  ///< wordings of the question

  Item make(Dice& dice, const LongSettings& settings) const {
    const std::string& form = dice.pick(forms);
    return rule(dice, settings, form);
  }
};

// One function a theme, each in a file of its own.
const std::vector<LongTask>& long_log_tasks();     ///< events among routine lines
const std::vector<LongTask>& long_manual_tasks();  ///< error codes among advice
const std::vector<LongTask>& needle_tasks();       ///< odd facts in a log, a manual or a text

/// The set `long`, theme by theme. Without `text`, nothing that hides needles in one.
std::vector<LongTask> long_tasks(bool text);

// Filler that the needles share with the themes.

/// A log of `length` pieces, routine lines and facts in order of time, "07:34 all quiet." each:
/// facts[0] is the one asked for. `times` gets the time of each fact.
std::string write_log(Dice& dice, std::size_t length, std::optional<double> depth,
                      const std::vector<std::string>& facts, std::vector<std::string>& times);

/// A sentence of a manual that says nothing of a code.
std::string advice(Dice& dice);

}  // namespace crayon::train::tasks
