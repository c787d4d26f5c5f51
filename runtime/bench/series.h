#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace crayon::bench {

/// Tokens, and the seconds that computing them took.
struct Work {
  std::uint64_t tokens = 0;
  double seconds = 0;
  /// Tokens a second; nothing of no work.
  std::optional<double> speed() const;
};

/// How the machine is doing at some moment; what the system does not say is absent.
struct Condition {
  std::optional<double> degrees;          ///< Celsius, of the hottest zone
  std::optional<double> khz;              ///< mean clock of the processors that compute
  std::optional<double> watts;            ///< mean since the last time
  std::optional<std::string> throttling;  ///< as crayon::throttling() says it
};

/// A stretch of a long run: what was done, and how the machine was.
struct Sample {
  double begin = 0, end = 0;  ///< seconds since the run began
  Work decode = {}, prefill = {};
  std::optional<double> degrees = {};  ///< the highest
  std::optional<double> khz = {};      ///< the mean
  std::optional<double> watts = {};    ///< the mean
  bool slowed = false;                 ///< whether heat or voltage held the machine back
  double seconds() const { return end - begin; }
};

/// Two neighbouring stretches as one.
Sample merged(const Sample& before, const Sample& behind);

/// The lowest speed over some seconds.
struct Lowest {
  double speed = 0;  ///< tokens a second
  double end = 0;    ///< of those seconds
};

/// Throttling that began, changed or ended.
struct ThrottlingChange {
  double seconds = 0;
  std::string what;
};

/// What was sampled in a run of whatever length, in bounded memory: when there are too many
/// samples, neighbours become one.
class Series {
 public:
  static constexpr double minute = 60;          ///< seconds at the beginning and at the end
  static constexpr double lowest_seconds = 10;  ///< that the lowest speed is a mean over
  static constexpr std::size_t most_changes = 100;

  /// Holds from half of `limit` samples (2 at least) to `limit`, once there are as many.
  explicit Series(std::size_t limit = 600) : limit_(limit) {}

  /// `sample` begins where the last one ended; its heat, clock and power are taken from
  /// `condition`.
  void add(Sample sample, const Condition& condition);

  const std::vector<Sample>& samples() const { return samples_; }
  /// The same as at most `count` samples of about equal length.
  std::vector<Sample> condensed(std::size_t count) const;
  /// Everything as one sample.
  Sample whole() const;

  /// Seconds of first() and last(): a minute, or half of a shorter run.
  double window() const;
  /// The samples of the first and of the last window(), as they came in; one of each at least,
  /// unless the series is empty.
  std::vector<Sample> first() const;
  std::vector<Sample> last() const;

  /// Of decoding and of prefill; nothing of a run that is shorter than lowest_seconds.
  std::optional<Lowest> lowest(Work Sample::*work) const {
    return work == &Sample::decode ? lowest_decode_ : lowest_prefill_;
  }

  /// Whether the system says anything about throttling, and how that changed: the first entry is
  /// how it was at first, unless that was "no". At most most_changes.
  bool knows_throttling() const { return last_throttling_.has_value(); }
  const std::vector<ThrottlingChange>& throttling() const { return throttling_; }

 private:
  void halve();
  void note_lowest();
  void note_throttling(double seconds, const std::optional<std::string>& throttling);

  std::size_t limit_;
  std::size_t together_ = 1;  // samples that make one of samples_
  std::size_t pending_ = 0;   // of those, how many the last one has so far
  std::vector<Sample> samples_;
  std::vector<Sample> first_;  // of the first minute
  std::deque<Sample> recent_;  // the last minute and a little more
  std::optional<Lowest> lowest_decode_, lowest_prefill_;
  std::optional<std::string> last_throttling_;
  std::vector<ThrottlingChange> throttling_;
};

/// Speed over all of `samples`, and the deviation of theirs, in tokens a second.
struct WindowSpeed {
  double mean = 0;
  std::optional<double> deviation;  ///< of three samples or more; that of fewer says nothing
};
/// Nothing when none of that work was done.
std::optional<WindowSpeed> speed_of(const std::vector<Sample>& samples, Work Sample::*work);

}  // namespace crayon::bench
