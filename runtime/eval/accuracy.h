#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace crayon::eval {

/// What one task comes to.
struct TaskScore {
  std::string task;
  std::uint64_t items = 0;
  std::uint64_t correct = 0;

  double accuracy() const;
  /// Of the mean of so many right and wrong answers: sqrt(p (1 - p) / (n - 1)).
  double standard_error() const;
};

/// Counts an answer for its task; tasks stay in the order in which they came.
void count(std::vector<TaskScore>& scores, const std::string& task, bool correct);

/// The mean of the tasks' accuracies, each task counting the same.
double mean_accuracy(std::span<const TaskScore> scores);

}  // namespace crayon::eval
