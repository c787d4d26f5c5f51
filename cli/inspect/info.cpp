#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/encoder/description.h"
#include "cli/engine.h"
#include "cli/inspect/model_description.h"
#include "cli/inspect/session_memory.h"
#include "cli/inspect/state_description.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/bundle.h"
#include "runtime/model/image.h"
#include "runtime/model/model.h"
#include "store/store.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string bundle;
  bool list_tensors = false;
  SessionOptions session;
};

/// Whether a packed image lies beside a model and fits what would run here.
std::string image_state_of(const formats::Bundle& bundle) {
  return model::image_state(bundle, select_kernels(std::string()));
}

const char* tokenizer_name(formats::TokenizerKind kind) {
  switch (kind) {
    case formats::TokenizerKind::sentencepiece_bpe:
      return "SentencePiece BPE";
    case formats::TokenizerKind::byte_bpe:
      return "byte-level BPE";
    case formats::TokenizerKind::unigram:
      return "unigram";
    case formats::TokenizerKind::clip_bpe:
      return "CLIP BPE";
  }
  return "";
}

Json tensors_json(const formats::BundleInfo& info) {
  Json tensors = Json::array();
  for (const formats::TensorEntry& tensor : info.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"dtype", formats::dtype_name(tensor.dtype)},
                       {"shape", {tensor.shape.rows, tensor.shape.cols}}});
  }
  return tensors;
}

void print_as_json(const formats::Bundle& bundle, const Options& options) {
  const formats::BundleInfo& info = bundle.info();
  Json out = {{"kind", formats::kind_name(info.kind)},
              {"id", formats::to_hex(bundle.id())},
              {"bytes", bundle.file_size()},
              {"release", bundle.release()},
              {"signer", bundle.signer() ? Json(formats::to_hex(*bundle.signer())) : Json()},
              {"provenance",
               {{"source", info.provenance.source},
                {"source_hash", info.provenance.source_hash},
                {"tool", info.provenance.tool},
                {"licence", info.provenance.licence}}}};
  if (info.base) {
    out["base"] = formats::to_hex(*info.base);
  }
  if (info.state) {
    out["state"] = state_json(*info.state);
  } else {
    out["weights"] = weights_in(info);
  }
  if (info.config) {
    out["config"] = config_json(*info.config);
    out["image"] = image_state_of(bundle);
  }
  if (info.image) {
    out["encoder"] = encoder_json(info);
  } else if (info.config) {
    const SessionMemory memory = memory_of(info, options.session);
    out["memory"] = {{"context", memory.context},
                     {"kv", kv_name(memory.kv)},
                     {"weights_bytes", memory.estimate.weights},
                     {"kv_cache_bytes", memory.estimate.kv_cache},
                     {"scratch_bytes", memory.estimate.scratch},
                     {"total_bytes", memory.estimate.total()}};
  }
  if (info.gallery) {
    out["gallery"] = gallery_json(*info.gallery);
  }
  if (info.tokenizer) {
    out["tokenizer"] = {{"kind", tokenizer_name(info.tokenizer->kind)},
                        {"tokens", info.tokenizer->pieces.size()},
                        {"chat_format", info.tokenizer->chat_format.name}};
    if (!info.tokenizer->chat_format.note.empty()) {
      out["tokenizer"]["chat_template_not_followed"] = info.tokenizer->chat_format.note;
    }
  }
  if (!info.adapters.empty()) {
    Json adapters = Json::array();
    for (const formats::AdapterInfo& adapter : info.adapters) {
      Json out_adapter = {{"name", adapter.name}, {"rank", adapter.rank}, {"scale", adapter.scale}};
      if (adapter.experts) {
        out_adapter["experts"] = {{"ranks", adapter.experts->ranks},
                                  {"top_k", adapter.experts->top_k},
                                  {"temperature", adapter.experts->temperature}};
      }
      adapters.push_back(std::move(out_adapter));
    }
    out["adapters"] = adapters;
  }
  if (info.kind == formats::BundleKind::pool) {
    out["tau"] = info.pool_tau;
    out["embedding"] = formats::embedding_name(info.pool_embedding);
  }
  if (info.scope) {
    out["scope"] = formats::embedding_name(info.scope->embedding);
  }
  out["tensors"] = tensors_json(info);
  print_json(out);
}

void row(std::string_view name, const std::string& value) {
  print(fmt::format("{:<12}{}\n", name, value));
}

void print_model(const formats::BundleInfo& info, const Options& options) {
  const formats::ModelConfig& config = *info.config;
  row("model", fmt::format("{}, {} layers, width {}, {} heads of {} ({} for keys and values), "
                           "MLP {}",
                           config.architecture, config.layers, config.dim, config.heads,
                           config.head_dim, config.kv_heads, config.hidden_dim));
  if (const std::string differences = differences_text(config); !differences.empty()) {
    row("decoder", differences);
  }
  row("positions", positions_text(config));
  const SessionMemory memory = memory_of(info, options.session);
  row("memory",
      fmt::format("{}: weights {}, KV cache {} ({}, {} positions), scratch {}",
                  bytes_text(memory.estimate.total()), bytes_text(memory.estimate.weights),
                  bytes_text(memory.estimate.kv_cache), kv_name(memory.kv), memory.context,
                  bytes_text(memory.estimate.scratch)));
}

void print_tokenizer(const formats::TokenizerData& tokenizer) {
  row("tokenizer", fmt::format("{}, {} tokens, chat format {}", tokenizer_name(tokenizer.kind),
                               tokenizer.pieces.size(), tokenizer.chat_format.name));
  if (!tokenizer.chat_format.note.empty()) {
    row("", fmt::format("the model's own chat template is not followed: {}",
                        tokenizer.chat_format.note));
  }
}

void print_rows(const std::vector<DescriptionRow>& rows) {
  for (const auto& [name, value] : rows) {
    row(name, value);
  }
}

/// How many tensors of each type there are: "37 i8, 11 f32".
std::string tensor_counts(const formats::BundleInfo& info) {
  std::string text;
  for (const formats::Dtype dtype :
       {formats::Dtype::i8, formats::Dtype::i4, formats::Dtype::f16, formats::Dtype::f32}) {
    const auto count =
        std::ranges::count(info.tensors, dtype, [](const auto& tensor) { return tensor.dtype; });
    if (count != 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, formats::dtype_name(dtype));
    }
  }
  return text;
}

void print_as_text(const formats::Bundle& bundle, const Options& options) {
  const formats::BundleInfo& info = bundle.info();
  row("bundle",
      fmt::format("{}, {}{}", formats::kind_name(info.kind), bytes_text(bundle.file_size()),
                  info.state ? "" : fmt::format(", {} weights", weights_in(info))));
  row("id", formats::to_hex(bundle.id()));
  if (bundle.signer()) {
    row("signed", fmt::format("as release {}, with the key {} (crayon verify --key checks it)",
                              bundle.release(), formats::to_hex(*bundle.signer())));
  }
  row("source", info.provenance.source);
  if (!info.provenance.source_hash.empty()) {
    row("source hash", info.provenance.source_hash);
  }
  row("packed by", info.provenance.tool);
  if (!info.provenance.licence.empty()) {
    row("licence", info.provenance.licence);
  }
  if (info.image) {
    print_rows(encoder_rows(info));
  } else if (info.config) {
    print_model(info, options);
  }
  if (info.tokenizer) {
    print_tokenizer(*info.tokenizer);
  }
  if (info.gallery) {
    print_rows(gallery_rows(*info.gallery));
  }
  if (info.config) {
    row("image", image_state_of(bundle));
  }
  if (info.base) {
    row("base", formats::to_hex(*info.base));
  }
  if (info.state) {
    row("adapters", adapters_text(*info.state));
    row("rule", rule_text(*info.state));
    row("state", state_text(*info.state));
  }
  for (const formats::AdapterInfo& adapter : info.adapters) {
    row("adapter",
        fmt::format("{}, rank {}, scale {:g}{}", adapter.name, adapter.rank, adapter.scale,
                    adapter.experts
                        ? fmt::format(", {} experts, of which {} share a token",
                                      adapter.experts->ranks.size(), adapter.experts->top_k)
                        : ""));
  }
  if (info.kind == formats::BundleKind::pool) {
    row("tau", fmt::format("{:g}", info.pool_tau));
    row("embedding", formats::embedding_name(info.pool_embedding));
  }
  if (info.scope) {
    row("scope", "known, by " + formats::embedding_name(info.scope->embedding));
  }
  row("tensors", tensor_counts(info));
  if (options.list_tensors) {
    for (const formats::TensorEntry& tensor : info.tensors) {
      row("tensor",
          fmt::format("{:<40}{:>5} [{}][{}]", tensor.name, formats::dtype_name(tensor.dtype),
                      tensor.shape.rows, tensor.shape.cols));
    }
  }
}

Exit show_info(const Options& options, const Common& common) {
  const formats::Bundle bundle = formats::Bundle::open(store::model_file(options.bundle));
  if (common.json) {
    print_as_json(bundle, options);
  } else {
    print_as_text(bundle, options);
  }
  return Exit::ok;
}

}  // namespace

Action declare_info(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("BUNDLE", options->bundle, "A bundle of any kind").required();
  command.add_flag("--tensors", options->list_tensors, "List every tensor with its shape");
  add_session_options(command, options->session);
  return [options, &common] { return show_info(*options, common); };
}

}  // namespace crayon::cli
