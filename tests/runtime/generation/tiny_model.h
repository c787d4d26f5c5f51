#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/bundle.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"
#include "tests/support/support.h"

namespace crayon::test {

/// A model of random weights, packed and loaded: what it says is noise, but always the same.
/// Context 256, some 200 K parameters.
class TinyModel {
 public:
  TinyModel();
  /// The one of this test program.
  static const TinyModel& get();

  const model::Model& model() const { return *model_; }
  const tokenizer::Tokenizer& tokenizer() const { return tokenizer_; }
  /// Its tokenizer, to be changed.
  const formats::TokenizerData& tokenizer_data() const { return *bundle_.info().tokenizer; }

  std::unique_ptr<model::Session> session(std::uint32_t context = 256) const;

 private:
  TempDir folder_;
  ThreadPool pool_{1};
  formats::Bundle bundle_;
  std::unique_ptr<model::Model> model_;
  tokenizer::Tokenizer tokenizer_;
};

}  // namespace crayon::test
