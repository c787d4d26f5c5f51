#pragma once

#include <span>
#include <vector>

namespace crayon::hybrid {

/// The area under the ROC curve of a score, the chance that it is larger for a right answer than
/// for a wrong one, with what it takes to compare it to another's of the same answers (DeLong,
/// DeLong, Clarke-Pearson 1988).
class Auroc {
 public:
  /// scores [n], right [n]. Without both right and wrong answers the area is 0.5 and known to no
  /// precision.
  Auroc(std::span<const double> scores, const std::vector<bool>& right);

  double area() const { return area_; }
  double standard_error() const;
  /// Of the difference of the two areas.
  double standard_error_against(const Auroc& other) const;

 private:
  double area_ = 0.5;
  std::vector<double> of_right_;  // [right answers] share of wrong ones that score below
  std::vector<double> of_wrong_;  // [wrong answers] share of right ones that score above
};

}  // namespace crayon::hybrid
