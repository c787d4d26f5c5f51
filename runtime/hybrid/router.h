#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/routing.h"
#include "runtime/generation/generated.h"
#include "runtime/hybrid/signal.h"

namespace crayon::hybrid {

/// A signal that is gone by: a score below the threshold means that the remote is asked.
struct Rule {
  const Signal* signal;
  double threshold;
};

/// What a signal said of one question.
struct Reading {
  const Signal* signal;
  double score;
  std::optional<double> threshold;  ///< absent: it was read, but not gone by
};

/// Who answers, and what decided that.
struct Decision {
  bool offload = false;
  std::string signal;  ///< its name; empty: no signal, but the `reason` alone
  Stage stage = Stage::end;
  double score = 0;
  double threshold = 0;
  std::string reason;  ///< one phrase: "confident", "score 0.250 below 0.500"
};

/// The rules of who answers. Any of them can hand a question over, as soon as its signal is known.
class Router {
 public:
  /// Throws bad_argument for no rule, or a threshold that is not finite.
  explicit Router(std::vector<Rule> rules);
  /// The baseline: the confidence of the whole local answer against a threshold.
  static Router plain(double threshold);
  /// As `crayon calibrate` found out. Throws unsupported for a signal that is not known.
  static Router calibrated(const formats::Routing& routing);

  std::span<const Rule> rules() const { return rules_; }

 private:
  std::vector<Rule> rules_;
};

/// A router at work on one question: it is told what happens, and says when to hand over.
class Watch {
 public:
  /// `all`: reads every signal and not only those that decide. What the evidence points to
  /// must outlive the watch.
  Watch(Router router, Evidence evidence, bool all);

  // Each returns whether to hand over; once one has, all do.
  bool begin();                                    ///< before generation
  bool see(const generation::Progress& progress);  ///< the prefill has ended, tokens were chosen
  bool end();                                      ///< the local answer is whole

  /// Without an offload, that of the last rule whose signal was known.
  const Decision& decision() const { return decision_; }
  const std::vector<Reading>& readings() const { return readings_; }

 private:
  void read(Stage stage);
  void note(const Signal& signal, double score, std::optional<double> threshold);
  void judge(const Rule& rule, double score);

  const Router router_;
  Evidence evidence_;
  bool all_;
  bool prefilled_ = false;
  Decision decision_;
  std::vector<Reading> readings_;
};

}  // namespace crayon::hybrid
