#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/routing.h"
#include "runtime/hybrid/router.h"

namespace crayon::hybrid {

/// What came of one of the user's questions.
struct Sample {
  std::vector<Reading> signals;  ///< as the assistant read them, the probe's left out
  std::optional<bool> right;     ///< whether the local answer was; absent: not known
  std::vector<float> embedding;  ///< [dim] what a probe would see of the question
};

struct CalibrationOptions {
  double share = 0.2;                 ///< of the questions, 0 to 1, that may go to the remote
  formats::Embedding embedding = {};  ///< of the samples
  std::string signal = {};            ///< the one that is to decide; empty: the best
  std::uint64_t seed = 1;             ///< of the cross-validation's parts
};

/// One signal on these samples.
struct CalibratedSignal {
  const Signal* signal;
  double threshold;                      ///< scores below it are of the share that was asked for
  double share;                          ///< what of the samples is below it: scores may be equal
  std::optional<double> auroc;           ///< for "the local answer is right"; absent: not known
  std::optional<double> standard_error;  ///< of `auroc`
  bool decides = false;
};

struct Calibration {
  std::vector<CalibratedSignal> signals;  ///< in the order of signals()
  std::size_t known = 0;                  ///< samples of which it is known whether they are right
  std::size_t right = 0;
  std::string why;           ///< why this signal decides, in one sentence
  formats::Routing routing;  ///< for the adapter's bundle
};

/// The fewest right and the fewest wrong answers that signals are compared by.
inline constexpr std::size_t least_of_each = 10;

/// A threshold for every signal that all samples have: the quantile below which `share` of them
/// are. Where enough is known of right and wrong answers, a probe is fitted, and judged and
/// calibrated by scores that it gives to parts that it was not fitted to; and the signal of the
/// largest area under the ROC curve decides, if it is larger than the confidence's by more than the
/// standard error of their difference, else the confidence. Where nothing is known of the answers,
/// it is the least log-probability, which needs no answers and can stop in mid-answer. Throws
/// bad_argument for less than two samples, a share out of range, and a signal that is not known or
/// not there.
Calibration calibrate(std::span<const Sample> samples, const CalibrationOptions& options);

}  // namespace crayon::hybrid
