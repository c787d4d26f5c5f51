#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "runtime/tokenizer/tokenizer.h"

namespace crayon::train {

/// Cuts documents' tokens into examples of given lengths, all tokens in order and none twice:
///  * each example begins with the begin-of-text token, where the tokenizer adds one, and goes on
///    wherever the example before ended;
///  * a document ends with the end-of-text token, where there is one, and the next follows behind
///    it in the same example, opened by the begin-of-text token too;
///  * of several lengths, each gets the same share of the tokens: next comes the one that has got
///    the fewest so far. 256 and 1024 take turns four to one.
class Packer {
 public:
  using OnExample = std::function<void(std::span<const std::int32_t> tokens)>;

  /// Throws bad_argument unless every length is from 8 to 2^20.
  Packer(const tokenizer::Tokenizer& tokenizer, std::vector<std::uint32_t> lengths,
         OnExample on_example);

  /// A document's tokens, or a part of them; `last` says whether it ends here.
  void add(std::span<const std::int32_t> tokens, bool last);
  /// Hands on the example that is not full.
  void finish();

 private:
  void push(std::int32_t token);
  void hand_on();

  std::optional<std::int32_t> bos_;  // only where it is added
  std::optional<std::int32_t> eos_;
  std::vector<std::uint32_t> lengths_;
  std::vector<std::uint64_t> given_;  // [lengths] tokens
  std::size_t current_ = 0;           // index of the length of the example being filled
  OnExample on_example_;
  std::vector<std::int32_t> example_;
  bool in_document_ = false;
};

}  // namespace crayon::train
