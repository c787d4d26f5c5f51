#pragma once

#include <cstdint>
#include <functional>

#include "runtime/bench/plan.h"
#include "runtime/bench/series.h"

namespace crayon::bench {

/// What runs for a long time: tokens one by one, over and over from an empty session to `decode`
/// tokens, and in turns with them prompts of `prompt` tokens. 0 leaves one of them out.
struct SustainedPlan {
  std::uint32_t prompt = 0;
  std::uint32_t decode = 0;
  double prefill_share = 0.25;  ///< of the time, where both run
  double sample_seconds = 1;
};

/// Runs `plan` in `lane`, whose first session takes the prompts and whose last one decodes, until
/// `goes_on`, which is asked between steps and told the seconds since the start, says no. A prompt
/// goes in by steps of model::prefill_batch tokens, as it does anyway, so that neither kind of work
/// waits long for the other. `condition` is asked between two steps, about once a sample, and what
/// it takes is in no speed.
Series run_sustained(const SustainedPlan& plan, const Lane& lane,
                     const std::function<Condition(double seconds)>& condition,
                     const std::function<bool(double seconds)>& goes_on);

}  // namespace crayon::bench
