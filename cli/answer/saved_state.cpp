#include "cli/answer/saved_state.h"

#include <algorithm>

#include "runtime/context/saved_pot.h"

namespace crayon::cli {

void add_state_option(Command& command, std::string& path) {
  command
      .add_option("--state", path,
                  "Start from what `crayon read` has read and saved: with its context, its type of "
                  "keys and values, and its way to make room")
      .value_name("FILE");
}

Start::Start(const std::string& path, const DistillOptions& distill, const Engine& engine,
             SessionOptions& session)
    : engine_(engine), pot_options_(to_pot_options(distill, engine.tokenizer())) {
  if (path.empty()) {
    return;
  }
  state_.emplace(context::open_state(path));
  const formats::StateInfo& its = *state_->info().state;
  pot_options_ = context::options_of(its);
  session.context = std::max(session.context, its.context);
  session.kv = formats::dtype_name(its.kv);
}

void Start::prepare(context::Pot& pot) const {
  if (state_) {
    context::restore(pot, *state_, engine_.adapters_id());
  }
}

}  // namespace crayon::cli
