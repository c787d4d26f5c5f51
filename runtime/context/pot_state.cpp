#include "runtime/context/pot_state.h"

#include <algorithm>

#include "runtime/context/pot_parts.h"

namespace crayon::context {
namespace {

formats::Dtype dtype_of(model::KvDtype kv) {
  switch (kv) {
    case model::KvDtype::f32:
      return formats::Dtype::f32;
    case model::KvDtype::f16:
      return formats::Dtype::f16;
    case model::KvDtype::i8:
      return formats::Dtype::i8;
  }
  return formats::Dtype::f32;
}

/// Settings that a pot cannot differ in are left at their defaults.
formats::StateRule rule_of(const PotOptions& options, const Needs& needs) {
  if (!options.bounded()) {
    return {};
  }
  return {.name = options.rule,
          .keep = options.keep,
          .surprise_share = options.rules.surprise_share,
          .sinks = options.rules.sinks,
          .observed = options.rules.observed,
          .pooled = options.rules.pooled,
          .sampled = needs.surprise && options.normaliser == model::Normaliser::sampled,
          .catalyst = needs.catalyst ? options.catalyst : std::vector<Token>()};
}

}  // namespace

Needs PotState::needs(const Pot& pot) {
  return pot.parts_ ? pot.parts_->needs : Needs{};
}

formats::StateInfo PotState::describe(const Pot& pot) {
  const model::KvEntries entries(pot.session_);
  return {.rule = rule_of(pot.options_, needs(pot)),
          .kv = dtype_of(entries.dtype()),
          .kv_heads = entries.kv_heads(),
          .context = pot.session_.context(),
          .positions = pot.session_.position(),
          .distilled = pot.distilled_,
          .pinned = pot.pinned_,
          .window_begin = entries.oldest(),
          .dropped = pot.dropped_};
}

std::vector<float> PotState::surprise(const Pot& pot) {
  std::vector<float> rows;
  if (needs(pot).surprise) {
    const formats::ModelConfig& config = pot.model_.config();
    const std::uint32_t positions = pot.session_.position();
    for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
      for (std::uint32_t head = 0; head < config.kv_heads; ++head) {
        const std::span<const float> row = pot.parts_->surprise->of(layer, head).first(positions);
        rows.insert(rows.end(), row.begin(), row.end());
      }
    }
  }
  return rows;
}

std::vector<float> PotState::hidden(const Pot& pot) {
  if (!needs(pot).surprise) {
    return {};
  }
  const Pot::Parts& parts = *pot.parts_;
  const std::int64_t last = std::int64_t{pot.session_.position()} - 1;
  const std::size_t end = parts.hidden_row(last) + 1;
  const std::size_t begin = parts.hidden_row(std::max<std::int64_t>(parts.hidden_begin, 0));
  if (end == 1 || begin == 0) {
    return {};
  }
  const std::size_t dim = pot.model_.config().dim;
  const auto row = [&](std::size_t r) {
    return parts.hidden.begin() + static_cast<std::ptrdiff_t>(r * dim);
  };
  return {row(begin), row(end)};
}

std::vector<float> PotState::queries(const Pot& pot) {
  std::vector<float> rows;
  if (needs(pot).queries != 0) {
    const formats::ModelConfig& config = pot.model_.config();
    std::vector<RecentQueries::Query> known;
    for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
      pot.parts_->queries->of(layer, pot.session_.position(), known);
      std::ranges::sort(known, {}, &RecentQueries::Query::position);
      for (const RecentQueries::Query& query : known) {
        rows.insert(rows.end(), query.heads, query.heads + config.query_dim());
      }
    }
  }
  return rows;
}

void PotState::replace(Pot& pot, const formats::StateInfo& state,
                       const std::vector<float>& surprise, const std::vector<float>& hidden,
                       const std::vector<float>& queries) {
  pot.pinned_ = state.pinned;
  pot.distilled_ = state.distilled;
  pot.dropped_ = state.dropped;
  if (!pot.parts_) {
    return;
  }
  Pot::Parts& parts = *pot.parts_;
  const formats::ModelConfig& config = pot.model_.config();
  if (parts.surprise) {
    auto row = surprise.begin();
    for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
      for (std::uint32_t head = 0; head < config.kv_heads; ++head) {
        std::copy_n(row, state.positions, parts.surprise->of(layer, head).begin());
        row += state.positions;
      }
    }
    std::ranges::copy(hidden, parts.hidden.begin() + config.dim);
    parts.hidden_count = hidden.size() / config.dim;
    parts.hidden_begin =
        std::int64_t{state.positions} - static_cast<std::int64_t>(parts.hidden_count);
  }
  if (parts.queries) {
    parts.queries->clear();
    const std::size_t of_layer = queries.size() / config.layers;
    const auto tokens = static_cast<std::uint32_t>(of_layer / config.query_dim());
    for (std::uint32_t layer = 0; layer < config.layers && tokens != 0; ++layer) {
      parts.queries->add(layer, state.positions - tokens,
                         std::span(queries).subspan(layer * of_layer, of_layer));
    }
  }
}

}  // namespace crayon::context
