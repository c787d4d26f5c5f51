#pragma once

#include <string>
#include <string_view>

#include "train/tasks/item.h"

namespace crayon::train::tasks {

/// One line of a task file, without its line break:
/// {"task":..,"context":..,"question":..,"choices":[..],"answer":INDEX}
std::string to_json(const Item& item, std::string_view task);

}  // namespace crayon::train::tasks
