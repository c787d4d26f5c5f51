#include "train/tokens/bpe_trainer.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "base/error.h"

namespace crayon::train {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(std::span<const std::string> sentences) : sentences_(sentences) {}
  bool done() const override { return next_ == sentences_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return sentences_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::span<const std::string> sentences_;
  std::size_t next_ = 0;
};

std::unordered_map<std::string, std::string> arguments(const BpeOptions& options) {
  return {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(options.vocab_size)},
      {"character_coverage", fmt::format("{}", options.character_coverage)},
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"add_dummy_prefix", "true"},
      {"split_digits", "true"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"max_sentence_length", "1048576"},  // sample_sentences() has cut them already
      {"minloglevel", "2"},
  };
}

void check(const sentencepiece::util::Status& status) {
  if (!status.ok()) {
    throw Error(Code::bad_argument, fmt::format("SentencePiece: {}", status.ToString()),
                "train on more text, or for a smaller vocabulary");
  }
}

TokenType type_of(const sentencepiece::SentencePieceProcessor& processor, int id) {
  return processor.IsUnknown(id)   ? TokenType::unknown
         : processor.IsControl(id) ? TokenType::control
         : processor.IsByte(id)    ? TokenType::byte
         : processor.IsUnused(id)  ? TokenType::unused
                                   : TokenType::normal;
}

TokenizerData data_of(const std::string& model) {
  sentencepiece::SentencePieceProcessor processor;
  check(processor.LoadFromSerializedProto(model));
  TokenizerData data;
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    data.pieces.push_back(processor.IdToPiece(id));
    data.scores.push_back(processor.GetScore(id));
    data.types.push_back(type_of(processor, id));
  }
  data.unknown = Token{0};
  data.bos = Token{1};
  data.eos = Token{2};
  data.end_of_generation = {2};
  data.add_bos = true;
  data.add_space_prefix = true;
  return data;
}

}  // namespace

TrainedBpe train_bpe(std::span<const std::string> sentences, const BpeOptions& options) {
  TrainedBpe trained;
  Sentences iterator(sentences);
  check(sentencepiece::SentencePieceTrainer::Train(arguments(options), &iterator, &trained.model));
  trained.data = data_of(trained.model);
  formats::check(trained.data);
  return trained;
}

}  // namespace crayon::train
