#pragma once

#include <string>
#include <string_view>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// One line of a task file, without its line break; `family` is where a custom task has it from:
/// {"task":..,"family":..,"context":..,"question":..,"choices":[..],"answer":INDEX}
std::string to_json(const Item& item, std::string_view task, std::string_view family);

}  // namespace crayon::train::tasks
