#include "runtime/context/selection.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace crayon::context {
namespace {

float ordered(float score) {
  constexpr float least = -std::numeric_limits<float>::infinity();
  return score > least ? score : least;  // a NaN compares false
}

}  // namespace

void Selection::begin(std::uint32_t count, std::uint32_t pinned, std::uint32_t keep) {
  assert(pinned <= keep && keep <= count);
  taken_.assign(count, 0);
  left_ = keep;
  take_first(pinned);
}

void Selection::take(std::uint32_t entry) {
  taken_[entry] = 1;
  --left_;
}

void Selection::take_first(std::uint32_t most) {
  most = std::min(most, left_);
  for (std::uint32_t entry = 0; most != 0 && entry < count(); ++entry) {
    if (taken_[entry] == 0) {
      take(entry);
      --most;
    }
  }
}

void Selection::take_last(std::uint32_t most) {
  most = std::min(most, left_);
  for (std::uint32_t entry = count(); most != 0 && entry-- > 0;) {
    if (taken_[entry] == 0) {
      take(entry);
      --most;
    }
  }
}

void Selection::take_best(std::span<const float> scores, std::uint32_t most) {
  assert(scores.size() == count());
  entries_.clear();
  for (std::uint32_t entry = 0; entry < count(); ++entry) {
    if (taken_[entry] == 0) {
      entries_.push_back(entry);
    }
  }
  most = std::min({most, left_, static_cast<std::uint32_t>(entries_.size())});
  const auto is_better = [&](std::uint32_t a, std::uint32_t b) {
    const float left = ordered(scores[a]);
    const float right = ordered(scores[b]);
    return left != right ? left > right : a < b;
  };
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(entries_.begin(), end, entries_.end(), is_better);
  std::for_each(entries_.begin(), end, [this](std::uint32_t entry) { take(entry); });
}

std::span<const std::uint32_t> Selection::taken() {
  entries_.clear();
  for (std::uint32_t entry = 0; entry < count(); ++entry) {
    if (taken_[entry] != 0) {
      entries_.push_back(entry);
    }
  }
  return entries_;
}

}  // namespace crayon::context
