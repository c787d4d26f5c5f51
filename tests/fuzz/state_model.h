#pragma once

#include <memory>

#include "runtime/model/model.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::fuzz {

/// The model of the states that saved_state reads: small, with a windowed layer and one that sees
/// all.
class StateModel {
 public:
  const model::Model& operator*() const { return *model_; }
  const model::Model* operator->() const { return model_.get(); }

 private:
  static formats::ModelConfig config() {
    formats::ModelConfig config = test::tiny_config();
    config.vocab_size = 16;
    config.dim = 8;
    config.head_dim = 4;
    config.hidden_dim = 12;
    config.window = 16;
    config.windowed = {true, false};
    return config;
  }

  ThreadPool pool_{1};
  test::Packed packed_{test::random_source(config(), 1), formats::Dtype::f32};
  std::unique_ptr<model::Model> model_ = packed_.load(pool_);
};

inline model::KvDtype kv_of(formats::Dtype dtype) {
  switch (dtype) {
    case formats::Dtype::i8:
      return model::KvDtype::i8;
    case formats::Dtype::f16:
      return model::KvDtype::f16;
    default:
      return model::KvDtype::f32;
  }
}

}  // namespace crayon::fuzz
