#include "runtime/generation/lane.h"

#include <algorithm>
#include <utility>

#include "base/process.h"

namespace crayon::generation {
namespace {

bool same(const std::vector<model::WeightedAdapter>& left,
          const std::vector<model::WeightedAdapter>& right) {
  return std::ranges::equal(left, right, [](const auto& a, const auto& b) {
    return a.adapter == b.adapter && a.weight == b.weight;
  });
}

}  // namespace

Lane::Lane(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::uint32_t context,
           model::KvDtype kv)
    : model_(model), tokenizer_(tokenizer), session_(model, context, kv) {}

std::uint32_t Lane::reusable(const Request& request) const {
  if (!same(adapters_, request.adapters)) {
    return 0;
  }
  // The prompt's last token runs in any case, for the logits behind it.
  const auto prompt = std::span(request.prompt).first(request.prompt.size() - 1);
  const auto common = std::ranges::mismatch(held_, prompt).in1 - held_.begin();
  return session_.kept(static_cast<std::uint32_t>(common));
}

void Lane::begin(std::shared_ptr<Request> request, std::uint64_t number) {
  used_last_ = number;
  const std::uint32_t reused = reusable(*request);
  if (!same(adapters_, request->adapters)) {
    held_.clear();
    session_.rewind(0);
    session_.attach(request->adapters);
    adapters_ = request->adapters;
  }
  session_.rewind(reused);
  held_.resize(reused);
  request_ = std::move(request);
  on_progress_ = [&queue = request_->queue](const Progress& progress) {
    return queue.push(progress);
  };
  decoding_.emplace(tokenizer_, request_->prompt, request_->options, on_progress_);
  decoding_->result().reused_tokens = reused;
  lookahead_.emplace(model_, session_, request_->options.speculate);
  run_ = reused;
  began_ = prefilled_ = monotonic_seconds();
}

std::span<const Token> Lane::next(std::size_t most) {
  lookahead_->settle();
  const std::span<const Token> rest = decoding_->text().subspan(run_);
  end_ = run_ + std::min(most, rest.size());
  return rest.first(end_ - run_);
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
  const std::span<const float> logits =
      lookahead_->advance(decoding_->text(), decoding_->worth() - 1);
  run_ = decoding_->text().size();
  step(logits);
}

void Lane::step(std::span<const float> logits) {
  if (!decoding_->step(logits, lookahead_->position() < request_->context)) {
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
  held_.assign(text.begin(), text.begin() + session_.position());
  decoding_.reset();
  lookahead_.reset();
  on_progress_ = {};
  request_.reset();
}

}  // namespace crayon::generation
