#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/hybrid/assistant.h"

namespace crayon::hybrid {

/// Passes an answer on in pieces and keeps the whole of it. White space around an answer is left
/// out: models put a space or a line break in front of what they say.
class PieceSink {
 public:
  /// `on_piece` may be empty and must outlive the sink.
  explicit PieceSink(const OnPiece& on_piece) : on_piece_(on_piece) {}

  /// From here on `route` speaks. When another has been heard before, a piece says so.
  void begin(Route route);
  /// `tokens`: those that were chosen since the last call, for the piece that the text is in.
  void push(std::string_view text, std::span<const generation::Chosen> tokens = {});

  const std::string& text() const { return text_; }

 private:
  const OnPiece& on_piece_;
  Route route_ = Route::local;
  std::string text_;
  std::string held_;  // white space that is passed on only when something follows it
  std::vector<generation::Chosen> tokens_;  // of the next piece
};

}  // namespace crayon::hybrid
