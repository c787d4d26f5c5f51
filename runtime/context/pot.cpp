#include "runtime/context/pot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/process.h"
#include "runtime/context/pot_parts.h"
#include "runtime/model/weights.h"

namespace crayon::context {
namespace {

constexpr std::size_t most_catalyst = 64;

/// Tokens whose queries a rule looks from.
std::uint32_t queries_of(const Needs& needs, const PotOptions& options) {
  return needs.catalyst ? static_cast<std::uint32_t>(options.catalyst.size()) : needs.queries;
}

bool looks(const Needs& needs) {
  return needs.catalyst || needs.queries != 0;
}

std::uint32_t limit_of(const Needs& needs, const PotOptions& options, std::uint32_t context) {
  return needs.catalyst ? context - static_cast<std::uint32_t>(options.catalyst.size()) : context;
}

std::uint32_t kept_by(const PotOptions& options, std::uint32_t context) {
  return static_cast<std::uint32_t>(options.keep * static_cast<float>(context));
}

void check(const PotOptions& options, const Needs& needs, const formats::ModelConfig& config,
           std::uint32_t context) {
  if (config.positions != formats::Positions::rope) {
    throw Error(Code::unsupported,
                fmt::format("a {} model has learned positions, which entries cannot be moved "
                            "between: its context cannot be distilled",
                            config.architecture),
                "leave --distill out, or use a model with rotary positions");
  }
  if (!(options.keep > 0.0f && options.keep < 1.0f)) {
    throw Error(Code::bad_argument,
                fmt::format("a share of {} kept in a distillation", options.keep),
                "choose a share above 0 and below 1");
  }
  if (needs.catalyst && (options.catalyst.empty() || options.catalyst.size() > most_catalyst)) {
    throw Error(Code::bad_argument,
                fmt::format("a catalyst prompt of {} tokens", options.catalyst.size()),
                fmt::format("give it 1 to {}", most_catalyst));
  }
  const std::uint32_t least = kept_by(options, context) + queries_of(needs, options) + 1;
  if (context < least || kept_by(options, context) == 0) {
    throw Error(Code::bad_argument,
                fmt::format("a context of {} positions, of which {} stay, leaves no room to read",
                            context, kept_by(options, context)),
                "use a larger context or keep less");
  }
}

}  // namespace

Pot::Parts::Parts(const model::Model& model, model::Session& session, const PotOptions& options,
                  std::unique_ptr<const Rule> its_rule)
    : rule(std::move(its_rule)),
      needs(rule->needs()),
      queries(looks(needs)
                  ? std::make_unique<RecentQueries>(model.config(), queries_of(needs, options))
                  : nullptr),
      surprise(needs.surprise ? std::make_unique<EntrySurprise>(model.config(), session.context())
                              : nullptr),
      distillation(model, session, *rule, queries.get(), surprise.get()) {
  if (needs.surprise) {
    measure.emplace(model, options.normaliser);
    hidden.resize(std::size_t{1 + model::prefill_batch} * model.config().dim);
    measured.resize(model::prefill_batch);
  }
}

Pot::Pot(const model::Model& model, model::Session& session, PotOptions options)
    : model_(model), session_(session), options_(std::move(options)), limit_(session.context()) {
  if (!bounded()) {
    return;
  }
  auto rule = make_rule(options_.rule, options_.rules);
  check(options_, rule->needs(), model.config(), session.context());
  limit_ = limit_of(rule->needs(), options_, session.context());
  parts_ = std::make_unique<Parts>(model, session, options_, std::move(rule));
  watch();
}

Pot::~Pot() {
  if (parts_) {
    session_.watch_layers({});
    session_.watch_queries({});
  }
}

std::uint64_t Pot::bytes(const model::Model& model, std::uint32_t context,
                         const PotOptions& options) {
  if (!options.bounded()) {
    return 0;
  }
  const Needs needs = make_rule(options.rule, options.rules)->needs();
  const formats::ModelConfig& config = model.config();
  std::uint64_t bytes =
      Distillation::bytes(config, context, needs, model.weights().compute.pool->size()) +
      RecentQueries::bytes(config, queries_of(needs, options));
  if (needs.surprise) {
    bytes += EntrySurprise::bytes(config, context) + model::TokenSurprise::bytes(config) +
             std::uint64_t{2 + model::prefill_batch} * config.dim * sizeof(float);
  }
  return bytes;
}

void Pot::watch() {
  if (parts_->needs.surprise) {
    const std::uint32_t last = model_.config().layers - 1;
    session_.watch_layers([this, last](std::uint32_t layer, std::span<const float> stream) {
      if (layer == last) {
        see_hidden(stream);
      }
    });
  }
  session_.watch_queries({});
  if (parts_->needs.queries != 0) {
    session_.watch_queries([this](std::uint32_t layer, std::span<const float> queries) {
      parts_->queries->add(layer, session_.position(), queries);
    });
  }
}

/// The session's position is still that of the step's first token.
void Pot::see_hidden(std::span<const float> stream) {
  Parts& parts = *parts_;
  const std::size_t dim = model_.config().dim;
  const std::int64_t position = session_.position();
  const std::size_t previous = parts.hidden_row(position - 1);
  parts.has_previous = previous != 0;
  if (parts.has_previous) {
    std::copy_n(parts.hidden.begin() + static_cast<std::ptrdiff_t>(previous * dim), dim,
                parts.hidden.begin());
  }
  std::ranges::copy(stream, parts.hidden.begin() + static_cast<std::int64_t>(dim));
  parts.hidden_begin = position;
  parts.hidden_count = stream.size() / dim;
}

void Pot::check_pinned(std::uint32_t pinned) const {
  if (bounded() && pinned > kept_by(options_, session_.context()) / 2) {
    throw Error(Code::context_full,
                fmt::format("{} tokens are to stay in a context of which {} positions stay", pinned,
                            kept_by(options_, session_.context())),
                "shorten the system prompt, or use a larger context");
  }
}

void Pot::clear(std::uint32_t pinned) {
  check_pinned(pinned);
  rewind(0);
  pinned_ = pinned;
}

std::uint32_t Pot::room() const {
  return limit_ - std::min(limit_, session_.position());
}

void Pot::make_room(std::uint32_t tokens) {
  if (bounded() && room() < tokens) {
    distil(kept_by(options_, session_.context()));
  }
}

void Pot::distil(std::uint32_t keep) {
  assert(bounded());
  const double begin = monotonic_seconds();
  const std::uint32_t held = session_.position();
  std::uint32_t queried = held;
  if (parts_->needs.catalyst) {
    run_catalyst();
    queried += static_cast<std::uint32_t>(options_.catalyst.size());
  }
  keep = std::min(keep, held);
  parts_->distillation.run(keep, std::min(pinned_, keep), queried);
  if (parts_->queries) {
    parts_->queries->clear();
  }
  // The last step's tokens have the last positions now.
  parts_->hidden_begin = std::int64_t{keep} - static_cast<std::int64_t>(parts_->hidden_count);
  distilled_ = keep;
  dropped_ += held - keep;
  ++statistics_.distillations;
  statistics_.distil_seconds += monotonic_seconds() - begin;
}

/// Its keys and values stay behind the session's position until something else runs there.
void Pot::run_catalyst() {
  const std::uint32_t held = session_.position();
  session_.watch_layers({});
  session_.watch_queries([this](std::uint32_t layer, std::span<const float> queries) {
    parts_->queries->add(layer, session_.position(), queries);
  });
  model_.forward(session_, options_.catalyst, model::Logits::none, {});
  session_.rewind(held);
  watch();
}

void Pot::ran(std::span<const Token> tokens) {
  statistics_.tokens += tokens.size();
  if (!parts_ || !parts_->needs.surprise) {
    return;
  }
  const double begin = monotonic_seconds();
  Parts& parts = *parts_;
  assert(parts.hidden_count == tokens.size());
  // Of a token in front of which nothing is known, nothing is said.
  const std::size_t unknown = parts.has_previous ? 0 : 1;
  const std::size_t dim = model_.config().dim;
  const std::span<float> measured = std::span(parts.measured).first(tokens.size());
  measured.front() = 0.0f;
  parts.measure->measure(
      session_,
      std::span<const float>(parts.hidden).subspan(unknown * dim, (tokens.size() - unknown) * dim),
      tokens.subspan(unknown), measured.subspan(unknown));
  const std::uint32_t first = session_.position() - static_cast<std::uint32_t>(tokens.size());
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    set_surprise(first + static_cast<std::uint32_t>(t), measured[t]);
  }
  statistics_.surprise_seconds += monotonic_seconds() - begin;
}

void Pot::set_surprise(std::uint32_t position, float surprise) {
  if (parts_ && parts_->surprise) {
    parts_->surprise->set(position, surprise);
  }
}

bool Pot::read(std::span<const Token> tokens, std::span<float> logits,
               const std::function<bool()>& go_on, model::Emphasis emphasis) {
  if (!bounded() && tokens.size() > room()) {
    throw Error(Code::context_full,
                fmt::format("{} tokens at position {} do not fit in a context of {}", tokens.size(),
                            session_.position(), session_.context()),
                "use a larger context, a shorter text, or --distill");
  }
  while (!tokens.empty()) {
    make_room();
    const std::size_t count =
        std::min({tokens.size(), std::size_t{model::prefill_batch}, std::size_t{room()}});
    const bool is_end = count == tokens.size();
    const bool wanted = is_end && !logits.empty();
    session_.weigh(emphasis.part(0, count));
    model_.forward(session_, tokens.first(count),
                   wanted ? model::Logits::last : model::Logits::none,
                   wanted ? logits : std::span<float>());
    ran(tokens.first(count));
    tokens = tokens.subspan(count);
    emphasis = emphasis.part(count, tokens.size());
    if (!is_end && go_on && !go_on()) {
      return false;
    }
  }
  return true;
}

std::uint32_t Pot::kept(std::uint32_t position) const {
  return position < distilled_ ? 0 : session_.kept(position);
}

void Pot::rewind(std::uint32_t position) {
  assert(kept(position) == position);
  session_.rewind(position);
  if (position == 0) {
    distilled_ = 0;
    dropped_ = 0;
  }
}

}  // namespace crayon::context
