#include "cli/answer/hybrid_report.h"

#include <fmt/format.h>

#include <string>

namespace crayon::cli {

Json decision_json(const hybrid::Decision& decision) {
  if (decision.signal.empty()) {
    return nullptr;
  }
  return {{"signal", decision.signal},
          {"stage", hybrid::stage_name(decision.stage)},
          {"score", decision.score},
          {"threshold", decision.threshold}};
}

Json signals_json(std::span<const hybrid::Reading> readings) {
  Json signals = Json::object();
  for (const hybrid::Reading& reading : readings) {
    Json& one = signals[std::string(reading.signal->name)];
    one = {{"stage", hybrid::stage_name(reading.signal->stage)}, {"score", reading.score}};
    if (reading.threshold) {
      one["threshold"] = *reading.threshold;
    }
  }
  return signals;
}

void note_signals(const hybrid::Answer& answer) {
  const hybrid::Decision& decision = answer.decision;
  if (!decision.signal.empty()) {
    note(fmt::format("decided by {} ({}): {:.4f}, threshold {:.4f}", decision.signal,
                     hybrid::stage_name(decision.stage), decision.score, decision.threshold));
  }
  for (const hybrid::Reading& reading : answer.signals) {
    note(fmt::format(
        "  {:<24} {:<11} {:>10.4f}{}", reading.signal->name,
        hybrid::stage_name(reading.signal->stage), reading.score,
        reading.threshold ? fmt::format("  threshold {:.4f}", *reading.threshold) : std::string()));
  }
}

void show(const hybrid::AnswerPiece& piece) {
  if (piece.restart) {
    print("\n");
    note("crayon: the remote failed; the local answer follows");
  }
  print(piece.text);
}

}  // namespace crayon::cli
