#include "runtime/context/saved_pot.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/error_context.h"
#include "formats/packer.h"
#include "runtime/context/pot_state.h"
#include "runtime/model/rope.h"

namespace crayon::context {
namespace {

using formats::layer_tensor;
using formats::Shape;
using formats::StateInfo;
using formats::TensorEntry;
using model::KvEntries;

// ---- whether a state belongs into a pot ----

[[noreturn]] void refuse(Code code, std::string_view problem, const char* hint) {
  throw Error(code, fmt::format("state: {}", problem), hint);
}

std::string short_hash(const formats::Hash& hash) {
  return hash == formats::Hash{} ? "none" : formats::to_hex(hash).substr(0, 16);
}

void check_base(const formats::Bundle& bundle, const model::Model& model,
                const formats::Hash& adapters) {
  const formats::Hash& base = *bundle.info().base;
  if (base != model.id()) {
    refuse(Code::wrong_base,
           fmt::format("it was read with another model, {}, and this is {}", short_hash(base),
                       short_hash(model.id())),
           "use the model that it was read with, or read the text again");
  }
  const formats::Hash& its = bundle.info().state->adapters;
  if (its != adapters) {
    refuse(Code::wrong_base,
           fmt::format("it was read with other adapters, {}, and these are {}", short_hash(its),
                       short_hash(adapters)),
           "use the adapters that it was read with, or read the text again");
  }
}

template <typename T>
void check_same(std::string_view what, const T& its, const T& ours) {
  if (its != ours) {
    refuse(Code::bad_argument,
           fmt::format("it was read with {} {}, and this session has {}", what, its, ours),
           "use the same setting, or read the text again");
  }
}

void check_settings(const StateInfo& its, const StateInfo& ours) {
  check_same("the rule", its.rule.name, ours.rule.name);
  check_same("a share kept of", its.rule.keep, ours.rule.keep);
  check_same("a share by surprise of", its.rule.surprise_share, ours.rule.surprise_share);
  check_same("a number of sinks of", its.rule.sinks, ours.rule.sinks);
  check_same("a number of observed tokens of", its.rule.observed, ours.rule.observed);
  check_same("a number of pooled neighbours of", its.rule.pooled, ours.rule.pooled);
  check_same("a sampled normaliser:", its.rule.sampled, ours.rule.sampled);
  if (its.rule.catalyst != ours.rule.catalyst) {
    refuse(Code::bad_argument, "it was read with another catalyst prompt",
           "use the same prompt, or read the text again");
  }
  check_same<std::string_view>("keys and values in", formats::dtype_name(its.kv),
                               formats::dtype_name(ours.kv));
}

void check_context(const StateInfo& state, const Pot& pot) {
  const formats::ModelConfig& config = PotState::model(pot).config();
  const std::uint32_t context = pot.session().context();
  if (state.positions > pot.limit()) {
    refuse(Code::bad_argument,
           fmt::format("it holds {} positions, and a context of {} has room for {}",
                       state.positions, context, pot.limit()),
           "use a larger context");
  }
  // Of models that rotate long contexts in another way.
  if (model::rope_frequencies(config, state.context) != model::rope_frequencies(config, context)) {
    refuse(Code::bad_argument,
           fmt::format("its keys are rotated for a context of {}, and those of a context of {} "
                       "are in another way",
                       state.context, context),
           "use the same context, or read the text again");
  }
  PotState::check_pinned(pot, state.pinned);
}

/// What a layer lacks in front, no token that comes may see, and no rule.
void check_windows(const StateInfo& state, const KvEntries& entries) {
  if (state.window_begin == 0) {
    return;
  }
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    const std::uint32_t window = entries.window(layer);
    if (window == 0) {
      continue;
    }
    if (entries.sees_all(layer)) {
      refuse(Code::bad_argument,
             fmt::format("layer {} sees all of this context, and the state has it from position "
                         "{} on",
                         layer, state.window_begin),
             "use a larger context");
    }
    if (state.positions + 1 < state.window_begin + window) {
      refuse(Code::corrupt,
             fmt::format("window_begin: {} lies in the window of {} positions in front of {}",
                         state.window_begin, window, state.positions),
             "copy or download the file again");
    }
  }
}

// ---- tensors ----

/// Those of a state, for a pot. A missing one has no rows.
class StateReader {
 public:
  StateReader(const formats::Bundle& bundle, const Pot& pot)
      : bundle_(bundle),
        state_(*bundle.info().state),
        config_(PotState::model(pot).config()),
        needs_(PotState::needs(pot)),
        entries_(pot.session()) {}

  /// The shapes that formats::check() could not know.
  void check() const {
    if (state_.kv_heads != config_.kv_heads ||
        bundle_.find(layer_tensor(config_.layers, formats::state_keys)) != nullptr) {
      misfit("layers");
    }
    for (std::uint32_t layer = 0; layer < config_.layers; ++layer) {
      const std::string keys = layer_tensor(layer, formats::state_keys);
      const std::uint64_t held = state_.positions - first(layer);
      if (shape_of(keys) != Shape{config_.kv_heads * held, config_.head_dim}) {
        misfit(keys);
      }
    }
    const std::uint64_t heads = std::uint64_t{config_.layers} * config_.kv_heads;
    const Shape surprise = shape_of(formats::state_surprise);
    if (surprise.rows != (needs_.surprise ? heads : 0)) {
      misfit(formats::state_surprise);
    }
    const Shape hidden = shape_of(formats::state_hidden);
    if (hidden.rows > (needs_.surprise ? model::prefill_batch : 0) ||
        (hidden.rows != 0 && hidden.cols != config_.dim)) {
      misfit(formats::state_hidden);
    }
    const Shape log_weights = shape_of(formats::state_log_weights);
    if (log_weights.rows != 0 && log_weights.rows != heads) {
      misfit(formats::state_log_weights);
    }
    const Shape queries = shape_of(formats::state_queries);
    if (queries.rows > std::uint64_t{config_.layers} * needs_.queries ||
        (queries.rows != 0 && queries.cols != config_.query_dim())) {
      misfit(formats::state_queries);
    }
  }

  std::uint32_t first(std::uint32_t layer) const {
    return entries_.window(layer) == 0 ? 0 : state_.window_begin;
  }

  KvEntries::Rows layer(std::uint32_t layer) const {
    return {bytes(layer_tensor(layer, formats::state_keys)),
            bytes(layer_tensor(layer, formats::state_values))};
  }

  std::vector<float> floats(std::string_view name) const {
    const TensorEntry* const tensor = bundle_.find(name);
    return tensor == nullptr ? std::vector<float>() : bundle_.read_f32(*tensor);
  }

 private:
  [[noreturn]] static void misfit(std::string_view name) {
    refuse(Code::bad_shape, fmt::format("its {} are not of the shape that the model has", name),
           "read the text again");
  }

  Shape shape_of(std::string_view name) const {
    const TensorEntry* const tensor = bundle_.find(name);
    return tensor == nullptr ? Shape{0, 0} : tensor->shape;
  }

  std::vector<std::uint8_t> bytes(const std::string& name) const {
    const TensorEntry& tensor = bundle_.at(name);
    std::vector<std::uint8_t> all;
    all.reserve(formats::stored_bytes(tensor.dtype, tensor.shape, name));
    bundle_.read(tensor,
                 [&](ByteSpan piece) { all.insert(all.end(), piece.begin(), piece.end()); });
    return all;
  }

  const formats::Bundle& bundle_;
  const StateInfo& state_;
  const formats::ModelConfig& config_;
  const Needs needs_;
  const KvEntries entries_;
};

void write_layer(formats::BundleWriter& writer, const KvEntries& entries, std::uint32_t layer,
                 const StateInfo& state) {
  const std::uint32_t first = entries.first(layer);
  const KvEntries::Rows rows = entries.read_rows(layer, first, state.positions);
  const Shape shape{std::uint64_t{state.kv_heads} * (state.positions - first), entries.head_dim()};
  writer.begin_tensor(layer_tensor(layer, formats::state_keys), state.kv, shape);
  writer.write(rows.keys);
  writer.begin_tensor(layer_tensor(layer, formats::state_values), state.kv, shape);
  writer.write(rows.values);
}

// Of a key that nobody sees. Infinity has no place in a bundle.
constexpr float stored_nothing = std::numeric_limits<float>::lowest();

/// Logarithms of what keys weigh, [layers * kv_heads][positions]; empty when none has a weight.
std::vector<float> read_log_weights(const KvEntries& entries, std::uint32_t positions) {
  std::vector<float> all;
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    for (std::uint32_t head = 0; head < entries.kv_heads(); ++head) {
      const std::span<const float> log = entries.log_weights(layer, head);
      if (log.empty()) {
        return {};
      }
      std::ranges::transform(log.first(positions), std::back_inserter(all),
                             [](float value) { return std::max(value, stored_nothing); });
    }
  }
  return all;
}

void write_log_weights(KvEntries& entries, std::span<const float> all, std::uint32_t positions) {
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    for (std::uint32_t head = 0; head < entries.kv_heads() && !all.empty(); ++head) {
      std::ranges::transform(
          all.first(positions), entries.weigh(layer, head).begin(), [](float value) {
            return value == stored_nothing ? -std::numeric_limits<float>::infinity() : value;
          });
      all = all.subspan(positions);
    }
  }
}

void write_floats(formats::BundleWriter& writer, const char* name, std::size_t cols,
                  const std::vector<float>& values) {
  if (!values.empty()) {
    writer.add_f32(name, {values.size() / cols, cols}, values);
  }
}

}  // namespace

formats::Hash save(const Pot& pot, const SavedAs& as, const std::filesystem::path& path) {
  formats::BundleInfo info;
  info.state = PotState::describe(pot);
  info.state->adapters = as.adapters;
  if (info.state->positions == 0) {
    throw Error(Code::bad_argument, "there is nothing to save: nothing has been read",
                "read a text first");
  }
  const model::Model& model = PotState::model(pot);
  info.base = model.id();
  info.provenance = formats::packed_provenance(
      {.source = as.source, .source_hash = as.source_hash, .tool = "", .licence = ""});
  formats::BundleWriter writer(path, formats::BundleKind::state);
  const KvEntries entries(pot.session());
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    write_layer(writer, entries, layer, *info.state);
  }
  const formats::ModelConfig& config = model.config();
  write_floats(writer, formats::state_surprise, info.state->positions, PotState::surprise(pot));
  write_floats(writer, formats::state_hidden, config.dim, PotState::hidden(pot));
  write_floats(writer, formats::state_queries, config.query_dim(), PotState::queries(pot));
  write_floats(writer, formats::state_log_weights, info.state->positions,
               read_log_weights(entries, info.state->positions));
  return writer.finish(std::move(info));
}

void restore(Pot& pot, const formats::Bundle& bundle, const formats::Hash& adapters) {
  const formats::BundleInfo& info = bundle.info();
  if (info.kind != formats::BundleKind::state) {
    throw Error(Code::bad_argument,
                fmt::format("{} is of kind {}, not a saved state", bundle.path().string(),
                            formats::kind_name(info.kind)),
                "name a file that a session was saved to");
  }
  const StateReader reader(bundle, pot);
  KvEntries entries(pot.session());
  formats::in_file(bundle.path(), [&] {
    check_base(bundle, PotState::model(pot), adapters);
    check_settings(*info.state, PotState::describe(pot));
    check_context(*info.state, pot);
    check_windows(*info.state, entries);
    reader.check();
  });
  // All is in memory, and found to be good, before the first entry changes.
  std::vector<KvEntries::Rows> layers;
  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    layers.push_back(reader.layer(layer));
  }
  const std::vector<float> surprise = reader.floats(formats::state_surprise);
  const std::vector<float> hidden = reader.floats(formats::state_hidden);
  const std::vector<float> queries = reader.floats(formats::state_queries);
  const std::vector<float> log_weights = reader.floats(formats::state_log_weights);

  for (std::uint32_t layer = 0; layer < entries.layers(); ++layer) {
    entries.write_rows(layer, reader.first(layer), info.state->positions, layers[layer]);
  }
  entries.go_on_at(info.state->positions, info.state->window_begin);
  write_log_weights(entries, log_weights, info.state->positions);
  PotState::replace(pot, *info.state, surprise, hidden, queries);
}

formats::Bundle open_state(const std::filesystem::path& path) {
  formats::Bundle bundle = formats::Bundle::open(path);
  if (!bundle.info().state) {
    throw Error(Code::bad_argument,
                fmt::format("{} holds no state but a bundle of kind {}", path.string(),
                            formats::kind_name(bundle.info().kind)),
                "name a file that `crayon read -o` or crayon_session_save() made");
  }
  return bundle;
}

PotOptions options_of(const StateInfo& state) {
  const formats::StateRule& rule = state.rule;
  return {.rule = rule.name,
          .keep = rule.keep,
          .rules = {.surprise_share = rule.surprise_share,
                    .sinks = rule.sinks,
                    .observed = rule.observed,
                    .pooled = rule.pooled},
          .catalyst = rule.catalyst,
          .normaliser = rule.sampled ? model::Normaliser::sampled : model::Normaliser::full};
}

}  // namespace crayon::context
