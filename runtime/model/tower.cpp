#include "runtime/model/tower.h"

#include <cassert>

#include "runtime/model/transformer.h"

namespace crayon::model {
namespace {

/// Of one row of the stream that the last step has left.
std::vector<float> output_of(const Model& tower, Session::State& state, std::size_t row) {
  const formats::ModelConfig& config = tower.config();
  std::vector<float> output(config.output_dim);
  write_output(tower.weights(), state.scratch.residual.data() + row * config.dim, output.data(),
               state.scratch);
  return output;
}

}  // namespace

std::vector<float> encode_tokens(const Model& tower, Session& session,
                                 std::span<const Token> tokens, const Emphasis& emphasis) {
  assert(tower.config().is_encoder() && !tokens.empty());
  session.rewind(0);
  session.weigh(emphasis);
  tower.forward(session, tokens, Logits::none, {});
  const std::size_t last_step = (tokens.size() - 1) % prefill_batch;
  return output_of(tower, session.state(), last_step);
}

std::vector<float> encode_patches(const Model& tower, Session& session,
                                  std::span<const float> patches) {
  const formats::ModelConfig& config = tower.config();
  assert(config.reads_image() && session.context() == config.max_context);
  assert(patches.size() == std::size_t{config.patches()} * config.patch_dim());
  session.rewind(0);
  const StepPart part(&session.state(), patches.data());
  Step(tower.weights(), session.state().scratch, {&part, 1}).run(config.layers);
  return output_of(tower, session.state(), 0);
}

}  // namespace crayon::model
