#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/model/model.h"

namespace crayon::eval {

/// A text that starts afresh.
struct Sequence {
  std::vector<model::Token> tokens;
  std::vector<bool> scored = {};  ///< the tokens that count; empty: all

  bool operator==(const Sequence&) const = default;
};

/// What a model reads at once, from an empty session.
struct Window {
  std::vector<model::Token> positions;  ///< [bos] tokens...
  std::vector<bool> scored;             ///< [positions] that count; never the first

  /// Positions that it takes to predict the last one that counts.
  std::size_t inputs() const;
};

/// How sequences are cut.
struct Cut {
  std::uint32_t window;  ///< positions of each window but a sequence's last
  model::Token bos;      ///< opens each window and is not counted; below 0: nothing does
};

/// Calls `visit` for each window in order. `progress` hears of the share of tokens visited; it may
/// be empty.
void each_window(std::span<const Sequence> sequences, Cut cut,
                 const std::function<void(const Window&)>& visit,
                 const std::function<void(double)>& progress);

/// Throws bad_argument for fewer than 2 tokens in all, tokens outside of the model's vocabulary,
/// and windows of less than 2 positions or more than the session holds.
void check(std::span<const Sequence> sequences, Cut cut, const model::Model& model,
           const model::Session& session);

/// Positions whose logits are computed at once: a step of the forward pass, or fewer where the
/// vocabulary is so large that their logits would take more than 16 MiB.
std::size_t chunk_size(std::size_t vocab);

}  // namespace crayon::eval
