#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crayon::serving {

/// How often values fell at or below each of some bounds (Prometheus' histogram).
class Histogram {
 public:
  /// `bounds` ascend and outlive the histogram.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}

  void add(double value, std::uint64_t times = 1);
  /// Lines of the exposition format, without HELP and TYPE.
  void write(std::string_view name, std::string& out) const;

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;  // [bounds + 1]
  double sum_ = 0;
};

/// What a server has done, in the text format of Prometheus (exposition format 0.0.4). May be used
/// from several threads.
class Metrics {
 public:
  Metrics();

  void count_request(std::string_view endpoint, int status);
  /// Tokens of the local model.
  void count_tokens(std::uint64_t prompt, std::uint64_t reused, std::uint64_t generated);
  /// An answer of the assistant: who gave it and why. Numbers in the reason are left out, so that
  /// there are few different ones. `asked`: the remote was asked for it.
  void count_answer(std::string_view route, std::string_view reason, bool asked);
  void add_first_token(double seconds);
  void add_between_tokens(double seconds, std::uint64_t tokens);

  /// Values that are known to others, at the moment: lines of a gauge each, in their order. A name
  /// may have labels: `adapter_weight{adapter="x"}`.
  struct Gauge {
    std::string name;
    std::string help;
    std::string labels;  ///< with braces, or empty
    double value;
  };
  std::string text(std::span<const Gauge> gauges) const;

 private:
  using Labelled = std::map<std::string, std::uint64_t>;  // labels with braces -> count

  mutable std::mutex mutex_;  // guards all
  Labelled requests_;
  Labelled answers_;
  Labelled offloads_;
  std::uint64_t prompt_tokens_ = 0;
  std::uint64_t reused_tokens_ = 0;
  std::uint64_t generated_tokens_ = 0;
  Histogram first_token_;
  Histogram between_tokens_;
};

/// `{name="value",...}` with what the format demands escaped.
std::string labels(std::span<const std::pair<std::string_view, std::string_view>> pairs);

}  // namespace crayon::serving
