#include "train/tokens/packer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace crayon::train {
namespace {

constexpr std::uint32_t shortest = 8;        // tokens: less teaches nothing about a text
constexpr std::uint32_t longest = 1u << 20;  // tokens

}  // namespace

Packer::Packer(const tokenizer::Tokenizer& tokenizer, std::vector<std::uint32_t> lengths,
               OnExample on_example)
    : lengths_(std::move(lengths)), given_(lengths_.size(), 0), on_example_(std::move(on_example)) {
  for (const std::uint32_t length : lengths_) {
    if (length < shortest || length > longest) {
      throw Error(Code::bad_argument, fmt::format("chunks of {} tokens", length),
                  fmt::format("choose from {} to {}", shortest, longest));
    }
  }
  if (lengths_.empty()) {
    throw Error(Code::bad_argument, "no length of chunks is given", "use --chunk 256");
  }
  const formats::TokenizerData& data = tokenizer.data();
  bos_ = data.add_bos ? data.bos : std::nullopt;
  eos_ = data.eos;
}

void Packer::add(std::span<const std::int32_t> tokens, bool last) {
  if (!in_document_ && bos_) {
    push(*bos_);
  }
  in_document_ = !last;
  for (const std::int32_t token : tokens) {
    push(token);
  }
  if (last && eos_) {
    push(*eos_);
  }
}

void Packer::finish() {
  in_document_ = false;
  // What only opens a document says nothing.
  const std::size_t openers = bos_ ? 1 : 0;
  if (example_.size() > openers) {
    hand_on();
  }
  example_.clear();
}

void Packer::push(std::int32_t token) {
  if (example_.empty() && bos_ && token != *bos_) {
    example_.push_back(*bos_);
  }
  example_.push_back(token);
  if (example_.size() == lengths_[current_]) {
    hand_on();
  }
}

void Packer::hand_on() {
  on_example_(example_);
  given_[current_] += example_.size();
  current_ = static_cast<std::size_t>(std::ranges::min_element(given_) - given_.begin());
  example_.clear();
}

}  // namespace crayon::train
