#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/adapters/adapter_set.h"
#include "runtime/generation/chat_format.h"
#include "runtime/generation/generator.h"
#include "runtime/hybrid/remote.h"

namespace crayon::hybrid {

enum class Route : std::uint8_t { automatic, local, remote };

struct AskOptions {
  Route route = Route::automatic;
  /// automatic: a local answer with a score below this is offered to the remote. 0 to 1.
  double threshold = 0.5;
  /// From the question to the whole answer. When the remote has not finished by then, the local
  /// answer is given. A local answer that has not finished either is cut off; what may come on
  /// top is one step of the model: a token, or a block of the prefill.
  std::chrono::milliseconds deadline{30000};
  /// Positions of the local model that a conversation and its answer may take: with this many,
  /// the KV cache has its largest size. More than the model was trained for counts as that.
  std::uint32_t context = 4096;
  generation::GenerateOptions generate;
  /// In the place of the assistant's own; it must live as long as the question is asked.
  const adapters::AdapterSet* adapters = nullptr;
  /// Set by another thread, it ends the question: the answer is then what there is.
  const std::atomic<bool>* cancelled = nullptr;
};

struct Answer {
  std::string text;            ///< without white space around it
  Route route = Route::local;  ///< who gave it: local or remote
  std::string reason;  ///< why, in one phrase: "confident", "asked for", "connection refused"
  bool asked_remote = false;  ///< whether the remote was asked, whatever came of it
  double score = 0;           ///< confidence of the local answer; 0 when none was made
  double threshold = 0;
  generation::Finish finish = generation::Finish::length;  ///< length: also cut at the deadline
  std::uint32_t prompt_tokens = 0;      ///< of the local tokenizer, whoever answered
  std::uint32_t completion_tokens = 0;  ///< of the local tokenizer, whoever answered
  generation::Generated local;          ///< empty when no local answer was made
  adapters::Blend blend;                ///< of the pool, for this question; empty without one
};

/// Whose text a piece of the answer is. When the remote fails in mid-stream, a piece with
/// `restart` comes before the local answer's text: what was shown so far is void.
struct AnswerPiece {
  Route route;
  bool restart;
  std::string_view text;  ///< may be empty when `restart`
  /// Of the local model, that were chosen since the last piece.
  std::span<const generation::Chosen> tokens = {};
};
using OnPiece = std::function<void(const AnswerPiece&)>;

/// The tokens of a local answer as its pieces would have had them.
std::vector<generation::Chosen> chosen_of(const generation::Generated& answer);

/// A local model with a remote one behind it. Offline first: the remote's failure of any kind,
/// or its slowness, gives the local answer and the reason. Nothing of a question that stays
/// local is written to a socket; what is sent otherwise is one transport::ChatRequest, which
/// holds the turns and the sampling options.
///
///  * local: the local model answers; no socket is opened.
///  * automatic: the local answer is made first and kept back. It is given when its score
///    reaches the threshold, or when there is no remote (then it is shown as it comes). Otherwise
///    the remote is asked with the time that is left.
///  * remote: the remote is asked at once, while the local answer is made behind it as the
///    safety net; when the remote has answered, the local one is cancelled.
class Assistant {
 public:
  /// Throws bad_argument for a remote whose URL is none. With a pool among the adapters, the last
  /// turn of the user sets the blend of its answer.
  Assistant(std::shared_ptr<generation::Generator> local, adapters::AdapterSet adapters,
            Remote remote);

  bool has_remote() const { return !remote_.url.empty(); }

  /// `on_piece` is called on this thread; it may be empty. Throws bad_argument for options out of
  /// range, a role that is not known, or route remote without one; context_full when the
  /// conversation is too long for the local context and no remote answered it. May be called
  /// from several threads.
  Answer ask(std::span<const generation::Turn> turns, const AskOptions& options,
             const OnPiece& on_piece) const;

 private:
  std::shared_ptr<generation::Generator> local_;
  adapters::AdapterSet adapters_;
  Remote remote_;
};

}  // namespace crayon::hybrid
