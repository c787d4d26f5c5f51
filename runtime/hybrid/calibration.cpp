#include "runtime/hybrid/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/hybrid/auroc.h"
#include "runtime/hybrid/probe_fit.h"

namespace crayon::hybrid {
namespace {

constexpr std::size_t folds = 5;
constexpr double penalties[] = {1, 10, 100, 1000};

/// A signal's scores on all samples.
struct Column {
  const Signal* signal;
  std::vector<double> scores;  // [samples]
  std::optional<Auroc> auroc = {};
};

std::optional<double> score_of(const Sample& sample, const Signal& signal) {
  const auto found = std::ranges::find(sample.signals, &signal, &Reading::signal);
  if (found == sample.signals.end() || !std::isfinite(found->score)) {
    return std::nullopt;
  }
  return found->score;
}

std::optional<Column> column_of(std::span<const Sample> samples, const Signal& signal) {
  Column column{&signal, {}};
  for (const Sample& sample : samples) {
    const auto score = score_of(sample, signal);
    if (!score) {
      return std::nullopt;
    }
    column.scores.push_back(*score);
  }
  return column;
}

/// The number that as many of the scores are below as `share` says, as far as equal ones allow it.
double quantile(std::vector<double> scores, double share) {
  std::ranges::sort(scores);
  const auto below =
      static_cast<std::size_t>(std::llround(share * static_cast<double>(scores.size())));
  if (below == 0) {
    return scores.front();
  }
  if (below == scores.size()) {
    return std::nextafter(scores.back(), std::numeric_limits<double>::infinity());
  }
  const double low = scores[below - 1];
  const double high = scores[below];
  const double middle = low + (high - low) / 2;
  return middle > low ? middle : high;  // equal ones stay local, all of them
}

double share_below(const std::vector<double>& scores, double threshold) {
  const auto below = std::ranges::count_if(scores, [&](double score) { return score < threshold; });
  return static_cast<double>(below) / static_cast<double>(scores.size());
}

/// What is known of right and wrong.
struct Known {
  std::vector<std::size_t> samples;  // of which it is known
  std::vector<bool> right;           // [samples]
  std::size_t right_count = 0;

  explicit Known(std::span<const Sample> all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].right) {
        samples.push_back(i);
        right.push_back(*all[i].right);
        right_count += *all[i].right ? 1 : 0;
      }
    }
  }
  bool enough() const {
    return std::min(right_count, samples.size() - right_count) >= least_of_each;
  }
  Auroc auroc(const std::vector<double>& scores) const {
    std::vector<double> known;
    for (const std::size_t i : samples) {
      known.push_back(scores[i]);
    }
    return {known, right};
  }
};

/// The probe of the penalty whose held-out scores are best, and those scores.
struct ProbeResult {
  formats::LinearProbe probe;
  Column column;
};

ProbeResult learn_probe(std::span<const Sample> samples, const Known& known,
                        const CalibrationOptions& options) {
  std::vector<float> features;
  for (const std::size_t i : known.samples) {
    features.insert(features.end(), samples[i].embedding.begin(), samples[i].embedding.end());
  }
  double best_area = -1;
  double best_penalty = 0;
  std::vector<double> best;
  for (const double penalty : penalties) {
    std::vector<double> scores =
        held_out_scores(features, known.right, penalty, folds, options.seed);
    const double area = Auroc(scores, known.right).area();
    if (area > best_area) {
      best_area = area;
      best_penalty = penalty;
      best = std::move(scores);
    }
  }
  const FittedProbe fitted = fit_probe(features, known.right, best_penalty);
  ProbeResult result{{options.embedding, fitted.weights, fitted.bias}, {find_signal("probe"), {}}};
  for (const Sample& sample : samples) {
    result.column.scores.push_back(fitted.score(sample.embedding));
  }
  for (std::size_t i = 0; i < known.samples.size(); ++i) {
    result.column.scores[known.samples[i]] = best[i];
  }
  return result;
}

/// Which column decides, and why.
std::size_t choose(const std::vector<Column>& columns, const CalibrationOptions& options,
                   bool enough, std::string& why) {
  const auto index_of = [&](std::string_view name) {
    const auto found =
        std::ranges::find(columns, name, [](const Column& column) { return column.signal->name; });
    if (found == columns.end()) {
      throw Error(Code::bad_argument,
                  fmt::format("the signal {} is not known of these examples", name),
                  "leave the choice to the calibration, or see docs/hybrid.md for what it needs");
    }
    return static_cast<std::size_t>(found - columns.begin());
  };
  if (!options.signal.empty()) {
    why = "it was asked for";
    return index_of(options.signal);
  }
  if (!enough) {
    why = fmt::format("less than {} answers are known to be right, or to be wrong", least_of_each);
    return index_of("least_log_probability");
  }
  const std::size_t plain = index_of(confidence_signal().name);
  const auto best = static_cast<std::size_t>(
      std::ranges::max_element(columns, {}, [](const Column& c) { return c.auroc->area(); }) -
      columns.begin());
  const double more = columns[best].auroc->area() - columns[plain].auroc->area();
  const double error = columns[best].auroc->standard_error_against(*columns[plain].auroc);
  if (best != plain && more > error) {
    why = fmt::format("it tells right from wrong best, by {:.3f} +- {:.3f} more than confidence",
                      more, error);
    return best;
  }
  why = "no other signal is better by more than the error of measuring it";
  return plain;
}

void check(std::span<const Sample> samples, const CalibrationOptions& options) {
  if (samples.size() < 2) {
    throw Error(Code::bad_argument, "there are less than two examples", "give some more");
  }
  if (!(options.share >= 0 && options.share <= 1)) {
    throw Error(Code::bad_argument, fmt::format("the share is {}", options.share),
                "use a number from 0 to 1");
  }
}

formats::Routing routing_of(const Calibration& calibration, std::size_t samples,
                            std::optional<formats::LinearProbe> probe) {
  formats::Routing routing;
  routing.examples = static_cast<std::uint32_t>(samples);
  routing.probe = std::move(probe);
  for (const CalibratedSignal& one : calibration.signals) {
    routing.signals.push_back({.name = std::string(one.signal->name),
                               .threshold = one.threshold,
                               .auroc = static_cast<float>(one.auroc.value_or(0)),
                               .decides = one.decides});
    if (one.decides) {
      routing.share = static_cast<float>(one.share);
    }
  }
  return routing;
}

}  // namespace

Calibration calibrate(std::span<const Sample> samples, const CalibrationOptions& options) {
  check(samples, options);
  const Known known(samples);
  std::vector<Column> columns;
  std::optional<formats::LinearProbe> probe;
  for (const Signal& signal : signals()) {
    if (&signal == find_signal("probe")) {
      if (known.enough() && !samples.front().embedding.empty()) {
        ProbeResult learned = learn_probe(samples, known, options);
        probe = std::move(learned.probe);
        columns.push_back(std::move(learned.column));
      }
    } else if (auto column = column_of(samples, signal)) {
      columns.push_back(std::move(*column));
    }
  }
  for (Column& column : columns) {
    if (known.enough()) {
      column.auroc = known.auroc(column.scores);
    }
  }
  Calibration result;
  result.known = known.samples.size();
  result.right = known.right_count;
  const std::size_t chosen = choose(columns, options, known.enough(), result.why);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const double threshold = quantile(column.scores, options.share);
    CalibratedSignal one{.signal = column.signal,
                         .threshold = threshold,
                         .share = share_below(column.scores, threshold),
                         .auroc = {},
                         .standard_error = {},
                         .decides = i == chosen};
    if (column.auroc) {
      one.auroc = column.auroc->area();
      one.standard_error = column.auroc->standard_error();
    }
    result.signals.push_back(one);
  }
  result.routing = routing_of(result, samples.size(), std::move(probe));
  return result;
}

}  // namespace crayon::hybrid
