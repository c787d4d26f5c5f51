#include "runtime/hybrid/local_model.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "runtime/generation/open_turn.h"

namespace crayon::hybrid {
namespace {

emphasis::TokenWeights prompt_of(std::span<const generation::Turn> turns, const AskOptions& options,
                                 const tokenizer::Tokenizer& tokenizer) {
  const formats::ChatFormat& format = tokenizer.data().chat_format;
  if (options.emphasis.empty()) {
    return {.tokens = options.continues
                          ? generation::rest_of_turn(turns.back().content, format, tokenizer)
                          : generation::render(turns, format, tokenizer),
            .weights = {}};
  }
  if (options.continues) {
    throw Error(Code::unsupported, "words of a question behind a text that was read are stressed",
                "leave the emphasis out");
  }
  return generation::render_weighted(turns, options.emphasis, format, tokenizer);
}

}  // namespace

std::vector<formats::Token> query_of(std::span<const generation::Turn> turns,
                                     const tokenizer::Tokenizer& tokenizer) {
  const formats::ChatFormat& format = tokenizer.data().chat_format;
  for (std::size_t i = turns.size(); i-- > 0;) {
    if (turns[i].role == "user") {
      return generation::render(turns.subspan(i, 1), format, tokenizer);
    }
  }
  return generation::render(turns, format, tokenizer);
}

LocalModel::LocalModel(generation::Generator& generator, const adapters::AdapterSet& adapters,
                       std::span<const generation::Turn> turns, const AskOptions& options,
                       const Deadline& deadline)
    : generator_(generator),
      adapters_(adapters),
      deadline_(deadline),
      cancelled_(options.cancelled),
      context_(options.context),
      generate_(options.generate),
      prompt_(prompt_of(turns, options, generator.tokenizer())),
      first_layer_(options.emphasis_first_layer),
      pinned_(static_cast<std::uint32_t>(generation::opening_tokens(
          turns, generator.tokenizer().data().chat_format, generator.tokenizer()))),
      query_(generator.model(), query_of(turns, generator.tokenizer())),
      selection_(adapters.select(query_)) {
  const formats::ChatFormat& format = generator.tokenizer().data().chat_format;
  generate_.stop.insert(generate_.stop.end(), format.stops.begin(), format.stops.end());
}

generation::Generated LocalModel::answer(const generation::OnProgress& on_progress) const {
  return generator_.generate({.tokens = prompt_.tokens,
                              .adapters = selection_.adapters,
                              .context = context_,
                              .pinned = pinned_,
                              .emphasis = {prompt_.weights, first_layer_}},
                             generate_, [&](const generation::Progress& progress) {
                               return on_progress(progress) && !cancelled() && !deadline_.passed();
                             });
}

std::uint32_t LocalModel::count_tokens(std::string_view text) const {
  const tokenizer::Tokenizer& tokenizer = generator_.tokenizer();
  return static_cast<std::uint32_t>(tokenizer.encode(text, {.add_bos = false}).size());
}

void Stopwatch::see(const generation::Progress& progress) {
  last_ = std::chrono::steady_clock::now();
  if (progress.first && !started_) {
    started_ = true;
    prefilled_ = last_;
  }
  tokens_ += progress.tokens.size();
}

std::optional<std::chrono::milliseconds> Stopwatch::whole(std::uint32_t max_tokens) const {
  if (tokens_ == 0) {
    return std::nullopt;
  }
  using Seconds = std::chrono::duration<double>;
  const Seconds one = Seconds(last_ - prefilled_) / static_cast<double>(tokens_);
  const Seconds whole = Seconds(prefilled_ - begin_) + one * static_cast<double>(max_tokens);
  return std::chrono::ceil<std::chrono::milliseconds>(std::min(whole, Seconds(86400)));
}

}  // namespace crayon::hybrid
