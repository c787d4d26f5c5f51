#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "formats/bundle.h"
#include "runtime/generation/chat_format.h"
#include "runtime/generation/generator.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::hybrid {

enum class Route : std::uint8_t { automatic, local, remote };

/// A larger model behind an OpenAI-compatible API.
struct Remote {
  std::string url;    ///< "http://host:port", "/v1/chat/completions" is added; empty: none
  std::string model;  ///< its name there; empty: not sent
};

struct AskOptions {
  Route route = Route::automatic;
  /// automatic: a local answer with a confidence below this is offered to the remote.
  double threshold = 0.5;
  /// From the question to the whole answer. When the remote has not finished by then, the local
  /// answer is given.
  std::chrono::milliseconds deadline{30000};
  generation::GenerateOptions generate;
};

struct Answer {
  std::string text;
  Route route = Route::local;  ///< who gave it: local or remote
  std::string reason;  ///< why, in one phrase: "confident", "asked for", "connection refused"
  double score = 0;    ///< confidence of the local answer; 0 when none was made
  double threshold = 0;
  generation::Generated local;  ///< empty when no local answer was made
};

/// Whose text a piece of the answer is. When the remote fails in mid-stream, `restart` comes
/// before the local answer's text: what was shown so far is void.
struct AnswerPiece {
  Route route;
  bool restart;
  std::string_view text;
};
using OnPiece = std::function<void(const AnswerPiece&)>;

/// A local model with a remote one behind it. Offline first: the remote's failure of any kind,
/// or its slowness, gives the local answer and the reason. Nothing of a question that stays
/// local is written to a socket.
class Assistant {
 public:
  /// All must outlive the assistant. `adapter` may be null.
  Assistant(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
            std::shared_ptr<const model::Adapter> adapter, Remote remote);

  Answer ask(std::span<const generation::Turn> turns, const AskOptions& options,
             const OnPiece& on_piece);

 private:
  const model::Model& model_;
  const tokenizer::Tokenizer& tokenizer_;
  std::shared_ptr<const model::Adapter> adapter_;
  Remote remote_;
};

}  // namespace crayon::hybrid
