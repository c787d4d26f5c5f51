#include "train/tasks/jsonl.h"

#include <nlohmann/json.hpp>

namespace crayon::train::tasks {

std::string to_json(const Item& item, std::string_view task, std::string_view family) {
  return nlohmann::ordered_json({{"task", task},
                                 {"family", family},
                                 {"context", item.context},
                                 {"question", item.question},
                                 {"choices", item.choices},
                                 {"answer", item.answer}})
      .dump();
}

}  // namespace crayon::train::tasks
