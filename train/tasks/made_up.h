#pragma once

#include <string>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// A word that no language has, of one or two syllables: "zor", "takelu". Nothing can be known of
/// it beforehand.
std::string made_up_word(Dice& dice);

}  // namespace crayon::train::tasks
