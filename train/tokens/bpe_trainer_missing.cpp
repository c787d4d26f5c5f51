// What stands in for bpe_trainer.cpp where SentencePiece was not found.
#include "base/error.h"
#include "train/tokens/bpe_trainer.h"

namespace crayon::train {

bool can_train_bpe() {
  return false;
}

TrainedBpe train_bpe(std::span<const std::string> /*sentences*/, const BpeOptions& /*options*/) {
  throw Error(Code::unsupported, "this build cannot train tokenizers: it has no SentencePiece",
              "install libsentencepiece-dev, configure and build again");
}

}  // namespace crayon::train
