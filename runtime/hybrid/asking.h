#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "runtime/hybrid/assistant.h"
#include "runtime/hybrid/local_model.h"
#include "runtime/hybrid/piece_sink.h"
#include "runtime/hybrid/remote_link.h"
#include "runtime/hybrid/router.h"
#include "transport/chat_api.h"

namespace crayon::hybrid {

/// One question on its way to an answer. What it is given must outlive it.
class Asking {
 public:
  Asking(LocalModel& local, const Router& router, const AskOptions& options,
         const OnPiece& on_piece);

  /// The local answer, shown as it comes.
  Answer local(std::string reason);
  /// The same for a question that the router may want to hand over, which cannot be now: `closed`
  /// says why, and is the reason where it would have been.
  Answer watched(std::string closed);
  /// The router decides.
  Answer automatic(RemoteLink& link, const transport::ChatRequest& request);
  /// The remote is asked at once.
  Answer remote(RemoteLink& link, const transport::ChatRequest& request);

 private:
  generation::OnProgress shown();
  generation::Generated shown_answer(bool watched);
  /// Until it has ended or `watch` hands over; `unable` where it is too long for the local model.
  struct Attempt {
    generation::Generated answer;
    std::optional<Error> unable;
    bool whole = false;  ///< the router has seen all of it
  };
  Attempt attempt();
  Answer hand_over(Attempt attempt, RemoteLink& link, const transport::ChatRequest& request);
  std::string ask(RemoteLink& link, const transport::ChatRequest& request);
  std::chrono::milliseconds net_delay() const;
  Answer kept_answer(generation::Generated kept, std::string reason);
  Answer local_answer(generation::Generated local, std::string reason) const;
  Answer remote_answer(generation::Generated local, std::string reason) const;
  Answer begin_answer(Route route, std::string reason, const generation::Generated& local) const;

  LocalModel& local_;
  const Router& router_;
  const AskOptions& options_;
  Watch watch_;
  Stopwatch stopwatch_;
  PieceSink sink_;
  bool asked_ = false;
  bool remote_cut_ = false;
};

}  // namespace crayon::hybrid
