#include "runtime/hybrid/piece_sink.h"

namespace crayon::hybrid {

void PieceSink::begin(Route route) {
  route_ = route;
  held_.clear();
  tokens_.clear();
  if (text_.empty()) {
    return;
  }
  text_.clear();
  if (on_piece_) {
    on_piece_({.route = route_, .restart = true, .text = {}, .tokens = {}});
  }
}

void PieceSink::push(std::string_view text, std::span<const generation::Chosen> tokens) {
  held_ += text;
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  constexpr std::string_view white = " \t\r\n\v\f";
  const std::size_t first = text_.empty() ? held_.find_first_not_of(white) : 0;
  const std::size_t last = held_.find_last_not_of(white);
  if (last == std::string::npos) {
    return;
  }
  const std::string piece = held_.substr(first, last + 1 - first);
  held_.erase(0, last + 1);
  text_ += piece;
  if (on_piece_) {
    on_piece_({.route = route_, .restart = false, .text = piece, .tokens = tokens_});
    tokens_.clear();
  }
}

}  // namespace crayon::hybrid
