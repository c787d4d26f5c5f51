#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/model_source.h"
#include "runtime/model/model.h"
#include "runtime/smoothing/channel_maxima.h"

namespace crayon::cli {

/// A model in f32. It comes out of a temporary bundle beside `output`, which is there while it is
/// loaded. `what` is what the progress says.
class TemporaryModel {
 public:
  TemporaryModel(const formats::ModelSource& source, const std::filesystem::path& output,
                 const char* what);

  const model::Model& operator*() const { return *model_; }

 private:
  ThreadPool pool_;
  std::unique_ptr<model::Model> model_;
};

/// The tokens of a text that shows what a model's activations are like. Throws bad_argument for no
/// file and for a text of less than two tokens.
std::vector<formats::Token> calibration_tokens(const formats::ModelSource& source,
                                               const std::string& file);

/// What the model's linear maps read of these tokens, in windows of 512.
smoothing::ChannelMaxima calibrated(const model::Model& model,
                                    std::span<const formats::Token> tokens);

}  // namespace crayon::cli
