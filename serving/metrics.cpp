#include "serving/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace crayon::serving {
namespace {

constexpr std::array first_token_bounds = {0.005, 0.01, 0.025, 0.05, 0.1,  0.25,
                                           0.5,   1.0,  2.5,   5.0,  10.0, 30.0};
constexpr std::array between_tokens_bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,   0.25,   0.5,   1.0,  2.5};

/// The reason without its numbers: "score N below N".
std::string without_numbers(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool digit = (c >= '0' && c <= '9') || (c == '.' && result.ends_with('N'));
    if (!digit) {
      result += c;
    } else if (!result.ends_with('N')) {
      result += 'N';
    }
  }
  return result;
}

void head(std::string_view name, std::string_view type, std::string_view help, std::string& out) {
  fmt::format_to(std::back_inserter(out), "# HELP crayon_{0} {2}\n# TYPE crayon_{0} {1}\n", name,
                 type, help);
}

void counter(std::string_view name, std::string_view help, std::uint64_t value, std::string& out) {
  head(name, "counter", help, out);
  fmt::format_to(std::back_inserter(out), "crayon_{} {}\n", name, value);
}

void counters(std::string_view name, std::string_view help,
              const std::map<std::string, std::uint64_t>& values, std::string& out) {
  head(name, "counter", help, out);
  for (const auto& [label, value] : values) {
    fmt::format_to(std::back_inserter(out), "crayon_{}{} {}\n", name, label, value);
  }
}

using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string labelled(Pairs pairs) {
  return labels({pairs.begin(), pairs.size()});
}

}  // namespace

std::string labels(std::span<const std::pair<std::string_view, std::string_view>> pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs) {
    text.append(text.size() == 1 ? "" : ",").append(name).append("=\"");
    for (const char c : value) {
      if (c == '\\' || c == '"') {
        text += '\\';
      }
      text += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    text += '"';
  }
  return text + "}";
}

void Histogram::add(double value, std::uint64_t times) {
  const auto bound = std::ranges::lower_bound(bounds_, value);
  counts_[static_cast<std::size_t>(bound - bounds_.begin())] += times;
  sum_ += value * static_cast<double>(times);
}

void Histogram::write(std::string_view name, std::string& out) const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    count += counts_[i];
    const std::string bound = i < bounds_.size() ? fmt::format("{}", bounds_[i]) : "+Inf";
    fmt::format_to(std::back_inserter(out), "crayon_{}_bucket{{le=\"{}\"}} {}\n", name, bound,
                   count);
  }
  fmt::format_to(std::back_inserter(out), "crayon_{0}_sum {1}\ncrayon_{0}_count {2}\n", name, sum_,
                 count);
}

Metrics::Metrics() : first_token_(first_token_bounds), between_tokens_(between_tokens_bounds) {}

void Metrics::count_request(std::string_view endpoint, int status) {
  const std::lock_guard lock(mutex_);
  ++requests_[labelled({{"endpoint", endpoint}, {"status", std::to_string(status)}})];
}

void Metrics::count_tokens(std::uint64_t prompt, std::uint64_t reused, std::uint64_t generated) {
  const std::lock_guard lock(mutex_);
  prompt_tokens_ += prompt;
  reused_tokens_ += reused;
  generated_tokens_ += generated;
}

void Metrics::count_answer(std::string_view route, std::string_view reason, bool asked) {
  const std::string why = without_numbers(reason);
  const std::lock_guard lock(mutex_);
  ++answers_[labelled({{"route", route}})];
  if (asked) {
    const std::string_view outcome = route == "remote" ? "answered" : "failed";
    ++offloads_[labelled({{"outcome", outcome}, {"reason", why}})];
  }
}

void Metrics::add_first_token(double seconds) {
  const std::lock_guard lock(mutex_);
  first_token_.add(seconds);
}

void Metrics::add_between_tokens(double seconds, std::uint64_t tokens) {
  const std::lock_guard lock(mutex_);
  between_tokens_.add(seconds, tokens);
}

std::string Metrics::text(std::span<const Gauge> gauges) const {
  const std::lock_guard lock(mutex_);
  std::string out;
  counters("requests_total", "Requests, by endpoint and status of the reply.", requests_, out);
  counters("answers_total", "Answers to chats, by who gave them.", answers_, out);
  counters("offloads_total", "Questions put to the remote model: why, and what came of it.",
           offloads_, out);
  counter("prompt_tokens_total", "Tokens of prompts of the local model.", prompt_tokens_, out);
  counter("reused_tokens_total", "Of those, the ones that did not have to be computed.",
          reused_tokens_, out);
  counter("generated_tokens_total", "Tokens that the local model has generated.", generated_tokens_,
          out);
  head("time_to_first_token_seconds", "histogram",
       "From the arrival of a request to the first text of its answer.", out);
  first_token_.write("time_to_first_token_seconds", out);
  head("inter_token_seconds", "histogram", "Between two tokens of an answer.", out);
  between_tokens_.write("inter_token_seconds", out);
  std::string_view last;
  for (const Gauge& gauge : gauges) {
    if (gauge.name != last) {
      head(gauge.name, "gauge", gauge.help, out);
    }
    last = gauge.name;
    fmt::format_to(std::back_inserter(out), "crayon_{}{} {}\n", gauge.name, gauge.labels,
                   gauge.value);
  }
  return out;
}

}  // namespace crayon::serving
