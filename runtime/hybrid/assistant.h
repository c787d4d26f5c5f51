#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/adapters/adapter_set.h"
#include "runtime/generation/chat_format.h"
#include "runtime/generation/generator.h"
#include "runtime/hybrid/remote.h"
#include "runtime/hybrid/remote_link.h"
#include "runtime/hybrid/router.h"
#include "runtime/hybrid/topics.h"

namespace crayon::hybrid {

enum class Route : std::uint8_t { automatic, local, remote };

/// Of the confidence, where nothing better is known: what is as likely wrong as not is asked again.
inline constexpr double default_threshold = 0.5;

struct AskOptions {
  Route route = Route::automatic;
  /// automatic: a local answer whose confidence is below this is offered to the remote. 0 to 1;
  /// absent: as the adapter's routing data says, or else default_threshold.
  std::optional<double> threshold;
  bool explain = false;  ///< read all signals, and not only those that decide
  /// From the question to the whole answer. When the remote has not finished by then, the local
  /// answer is given. A local answer that has not finished either is cut off; what may come on
  /// top is one step of the model: a token, or a block of the prefill.
  std::chrono::milliseconds deadline{30000};
  /// Positions of the local model that a conversation and its answer may take: with this many,
  /// the KV cache has its largest size. More than the model was trained for counts as that.
  std::uint32_t context = 4096;
  /// The one turn is the end of a turn whose beginning the generator's pots have read already.
  bool continues = false;
  generation::GenerateOptions generate;
  /// What weighs more or less in the local model's attention, in its layers from `first_layer` on;
  /// a remote is not told of it. Throws unsupported with `continues`.
  std::vector<generation::TurnSpan> emphasis = {};
  std::uint32_t emphasis_first_layer = 0;
  /// In the place of the assistant's own; it must live as long as the question is asked.
  const adapters::AdapterSet* adapters = nullptr;
  /// Set by another thread, it ends the question: the answer is then what there is.
  const std::atomic<bool>* cancelled = nullptr;
};

struct Answer {
  std::string text;            ///< without white space around it
  Route route = Route::local;  ///< who gave it: local or remote
  std::string reason;          ///< why, in one phrase: docs/hybrid.md lists them
  bool asked_remote = false;   ///< whether the remote was asked, whatever came of it
  double score = 0;  ///< the decision's; without one, the local answer's confidence, 0 when none
  double threshold = 0;          ///< what `score` is compared with
  Decision decision = {};        ///< what the router decided, whoever answered in the end
  std::vector<Reading> signals;  ///< those that were read, with AskOptions::explain all
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

/// What an assistant goes by besides its models.
struct Policy {
  LinkOptions link = {};
  std::shared_ptr<const Topics> never = {};  ///< what must stay local; null: nothing in particular
};

/// A local model with a remote one behind it. Offline first: the remote's failure of any kind,
/// or its slowness, gives the local answer and the reason. Nothing of a question that stays
/// local is written to a socket; what is sent otherwise is one transport::ChatRequest, which
/// holds the turns and the sampling options.
///
///  * local: the local model answers; no socket is opened.
///  * automatic: a Router goes by signals, which it has from the adapter's routing data or from
///    AskOptions::threshold. It can hand a question over before the local model is run, when the
///    prompt is read, in mid-answer (the rest is not generated), or when the answer is there. What
///    is not handed over is the local answer, shown when it is certain, or as it comes when there
///    is no remote. Behind a question that was handed over early the local answer is made when the
///    remote fails, or when there would not be enough time for it later on.
///  * remote: the remote is asked at once, while the local answer is made behind it as the
///    safety net; when the remote has answered, the local one is cancelled.
///
/// The last two are local as well when a turn of the user is of the topics that must stay so, when
/// the budget is used up, and while the circuit breaker is open.
class Assistant {
 public:
  /// Throws bad_argument for a remote or a policy that cannot be one, unsupported for routing data
  /// that goes by signals that are not known. With a pool among the adapters, the last turn of the
  /// user sets the blend of its answer.
  Assistant(std::shared_ptr<generation::Generator> local, adapters::AdapterSet adapters,
            Remote remote, Policy policy = {});

  bool has_remote() const { return !link_->remote().url.empty(); }

  /// `on_piece` is called on this thread; it may be empty. Throws bad_argument for options out of
  /// range, a role that is not known, or route remote without one; context_full when the
  /// conversation is too long for the local context and no remote answered it. May be called
  /// from several threads.
  Answer ask(std::span<const generation::Turn> turns, const AskOptions& options,
             const OnPiece& on_piece) const;

 private:
  std::optional<Decision> private_topic(std::span<const generation::Turn> turns) const;

  std::shared_ptr<generation::Generator> local_;
  adapters::AdapterSet adapters_;
  std::shared_ptr<const Topics> never_;
  std::shared_ptr<RemoteLink> link_;  // shared by all questions
  Router router_;
};

}  // namespace crayon::hybrid
