#include "runtime/eval/accuracy.h"

#include <algorithm>
#include <cmath>

namespace crayon::eval {

double TaskScore::accuracy() const {
  return items == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(items);
}

double TaskScore::standard_error() const {
  const double p = accuracy();
  return items < 2 ? 0.0 : std::sqrt(p * (1 - p) / static_cast<double>(items - 1));
}

void count(std::vector<TaskScore>& scores, const std::string& task, bool correct) {
  auto found = std::ranges::find(scores, task, &TaskScore::task);
  if (found == scores.end()) {
    found = scores.insert(scores.end(), {task, 0, 0});
  }
  found->items += 1;
  found->correct += correct ? 1 : 0;
}

double mean_accuracy(std::span<const TaskScore> scores) {
  double sum = 0;
  for (const TaskScore& score : scores) {
    sum += score.accuracy();
  }
  return scores.empty() ? 0.0 : sum / static_cast<double>(scores.size());
}

}  // namespace crayon::eval
