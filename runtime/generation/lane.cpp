#include "runtime/generation/lane.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/process.h"

namespace crayon::generation {
namespace {

bool same(const std::vector<model::WeightedAdapter>& left,
          const std::vector<model::WeightedAdapter>& right) {
  return std::ranges::equal(left, right, [](const auto& a, const auto& b) {
    return a.adapter == b.adapter && a.weight == b.weight;
  });
}

/// How many first tokens weigh the same; those without a weight weigh 1.
std::size_t weigh_the_same(const model::Emphasis& left, const model::Emphasis& right) {
  const std::size_t size = std::max(left.weights.size(), right.weights.size());
  const auto weight = [](const model::Emphasis& of, std::size_t token) {
    return token < of.weights.size() ? of.weights[token] : 1.0f;
  };
  for (std::size_t token = 0; token < size; ++token) {
    const float one = weight(left, token), other = weight(right, token);
    if (one != other || (one != 1.0f && left.first_layer != right.first_layer)) {
      return token;
    }
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace

void ReadText::set(std::span<const Token> text, std::size_t distilled) {
  distilled_ = distilled;
  hash_ = formats::hash_of(as_bytes(text.first(distilled)));
  const auto rest = text.subspan(distilled);
  rest_.assign(rest.begin(), rest.end());
}

std::size_t ReadText::common_with(std::span<const Token> text) const {
  if (text.size() < distilled_ ||
      (distilled_ != 0 && formats::hash_of(as_bytes(text.first(distilled_))) != hash_)) {
    return 0;
  }
  const auto end = std::ranges::mismatch(rest_, text.subspan(distilled_)).in1;
  return distilled_ + static_cast<std::size_t>(end - rest_.begin());
}

Lane::Lane(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::uint32_t context,
           model::KvDtype kv, const context::PotOptions& pot)
    : model_(model),
      tokenizer_(tokenizer),
      session_(model, context, kv),
      pot_(model, session_, pot) {}

std::size_t Lane::reusable(const Request& request) const {
  if (!same(adapters_, request.adapters) || (pot_.bounded() && pot_.pinned() != request.pinned)) {
    return 0;
  }
  // The prompt's last token runs in any case, for the logits behind it.
  const auto prompt = std::span(request.prompt).first(request.prompt.size() - 1);
  const std::size_t common =
      std::min(held_.common_with(prompt),
               weigh_the_same({held_weights_, held_first_layer_}, request.emphasis()));
  if (common < pot_.dropped()) {
    return 0;
  }
  const auto position = static_cast<std::uint32_t>(common - pot_.dropped());
  const std::uint32_t kept = pot_.kept(position);
  return kept == 0 ? 0 : kept + pot_.dropped();
}

void Lane::begin(std::shared_ptr<Request> request, std::uint64_t number) {
  used_last_ = number;
  const std::size_t reused = reusable(*request);
  held_.clear();
  if (reused == 0) {
    pot_.clear(request->pinned);
  } else {
    pot_.rewind(static_cast<std::uint32_t>(reused - pot_.dropped()));
  }
  if (!same(adapters_, request->adapters)) {
    session_.attach(request->adapters);
    adapters_ = request->adapters;
  }
  request_ = std::move(request);
  on_progress_ = [&queue = request_->queue](const Progress& progress) {
    return queue.push(progress);
  };
  decoding_.emplace(tokenizer_, request_->prompt, request_->options, on_progress_);
  decoding_->result().reused_tokens = static_cast<std::uint32_t>(reused);
  lookahead_.emplace(model_, pot_, request_->options.speculate);
  run_ = reused;
  began_ = prefilled_ = monotonic_seconds();
}

std::span<const Token> Lane::next(std::size_t most) {
  lookahead_->settle();
  if (!prefilling()) {
    lookahead_->expect(decoding_->surprise());
  } else {
    pot_.make_room();
  }
  const std::span<const Token> rest = decoding_->text().subspan(run_);
  end_ = run_ + std::min({most, rest.size(), std::size_t{pot_.room()}});
  if (prefilling()) {
    session_.weigh(request_->emphasis().part(run_, end_ - run_));
  }
  return rest.first(end_ - run_);
}

void Lane::ran() {
  if (prefilling()) {
    pot_.ran(decoding_->text().subspan(run_, end_ - run_));
  }
}

void Lane::took(std::span<const float> logits) {
  const bool in_prompt = prefilling();
  run_ = end_;
  if (in_prompt) {
    prefilled_ = monotonic_seconds();
  }
  if (!prefilling()) {
    step(logits);
  } else if (!decoding_->poll()) {
    end();
  }
}

void Lane::advance_alone() {
  lookahead_->expect(decoding_->surprise());
  const std::span<const float> logits =
      lookahead_->advance(decoding_->text(), decoding_->worth() - 1);
  run_ = decoding_->text().size();
  step(logits);
}

void Lane::step(std::span<const float> logits) {
  const bool room = pot_.bounded() || lookahead_->position() < request_->context;
  if (!decoding_->step(logits, room)) {
    end();
  }
}

void Lane::end() {
  lookahead_->settle();
  Generated& result = decoding_->result();
  result.guesses = lookahead_->guesses();
  result.prefill_seconds = prefilled_ - began_;
  result.decode_seconds = monotonic_seconds() - prefilled_;
  request_->queue.finish(std::move(result));
  release();
}

void Lane::cancel() {
  decoding_->result().finish = Finish::cancelled;
  end();
}

void Lane::fail(std::exception_ptr error) {
  request_->queue.fail(std::move(error));
  lookahead_->settle();
  release();
}

void Lane::release() {
  const auto text = decoding_->text();
  const std::size_t read = session_.position() + pot_.dropped();
  const std::size_t distilled = pot_.dropped() == 0 ? 0 : pot_.distilled() + pot_.dropped();
  held_.set(text.first(read), distilled);
  held_weights_ = std::move(request_->weights);
  held_first_layer_ = request_->first_layer;
  decoding_.reset();
  lookahead_.reset();
  on_progress_ = {};
  request_.reset();
}

}  // namespace crayon::generation
