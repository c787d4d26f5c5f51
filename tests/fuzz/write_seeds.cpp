// write_fuzz_seeds CORPUS: writes what the corpora of tests/fuzz begin with, as far as it is no
// text that is written by hand: CORPUS/TARGET/NAME.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "formats/bundle_index.h"
#include "runtime/context/saved_pot.h"
#include "tests/formats/bundle_samples.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/clip_folder.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/seeded_model.h"
#include "tests/formats/importers/sentencepiece_writer.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/formats/importers/tiny_tokenizer_json.h"
#include "tests/fuzz/state_model.h"
#include "tests/support/charsmap_bytes.h"

namespace crayon::fuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Corpus {
 public:
  explicit Corpus(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& name, std::string_view content) const {
    fs::create_directories(folder_ / target);
    test::write_file(folder_ / target / name, as_bytes(std::span(content)));
  }

 private:
  fs::path folder_;
};

/// A model of each architecture, as small as its checks allow.
formats::ModelSource small_model(formats::ModelConfig config) {
  const std::uint32_t shrink = 8;
  config.vocab_size = 12;
  config.dim /= shrink;
  config.hidden_dim = 8;
  config.head_dim = config.head_dim > 16 ? 4 : 2;
  config.rope_dim = config.rope_dim == 0 ? 0 : 2;
  config.layers = 2;
  config.windowed.resize(config.windowed.empty() ? 0 : config.layers);
  config.unrotated.resize(config.unrotated.empty() ? 0 : config.layers);
  const std::size_t pairs = config.rotated_dim() / 2;
  config.rope_short_factors.resize(config.rope_short_factors.empty() ? 0 : pairs);
  config.rope_long_factors.resize(config.rope_long_factors.empty() ? 0 : pairs);
  return test::seeded_model(config, test::arch_seed);
}

void add_models(const Corpus& corpus) {
  const test::TempDir folder;
  for (const test::ArchVariant& variant : test::arch_variants()) {
    const formats::ModelSource model = small_model(variant.config);
    if (variant.gguf) {
      corpus.add("gguf", variant.name, text_of(test::model_gguf(model).bytes()));
    }
    const fs::path out = folder / variant.name;
    test::write_huggingface_folder(model, variant.huggingface, out, "F16");
    corpus.add("huggingface_folder", variant.name,
               text_of(out / "config.json") + '\0' + text_of(out / "model.safetensors"));
  }
  corpus.add("huggingface_folder", "clip",
             test::clip_config_json().dump() + '\0' + text_of(test::clip_weights(false).bytes()));
  corpus.add("gguf", "tiny", text_of(test::tiny_gguf().bytes()));
  corpus.add("gguf", "vocabulary", text_of(test::tiny_gguf_keys().bytes()));
}

/// The tiny model's vocabulary for a tokenizer of another kind.
void add_gguf_tokenizers(const Corpus& corpus) {
  test::GgufWriter bpe;
  bpe.add_text("general.architecture", "llama");
  bpe.add_text("tokenizer.ggml.model", "gpt2");
  bpe.add_text("tokenizer.ggml.pre", "llama-bpe");
  bpe.add_texts("tokenizer.ggml.tokens", {"a", "b", "ab", "\u0120", "<|end|>"});
  bpe.add_ints("tokenizer.ggml.token_type", {1, 1, 1, 1, 3});
  bpe.add_texts("tokenizer.ggml.merges", {"a b"});
  bpe.add_u32("tokenizer.ggml.eos_token_id", 4);
  bpe.add_text("tokenizer.chat_template",
               "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
  corpus.add("gguf", "byte_bpe", text_of(bpe.bytes()));
}

/// One factor pair of the tiny model, as a GGUF and as PEFT's.
void add_adapters(const Corpus& corpus) {
  const std::vector<float> a(2 * 8, 0.5f);
  const std::vector<float> b(8 * 2, 0.25f);
  test::GgufWriter gguf;
  gguf.add_text("general.architecture", "llama");
  gguf.add_text("general.type", "adapter");
  gguf.add_text("adapter.type", "lora");
  gguf.add_f32("adapter.lora.alpha", 4);
  gguf.add_f32_tensor("blk.0.attn_q.weight.lora_a", {8, 2}, a);
  gguf.add_f32_tensor("blk.0.attn_q.weight.lora_b", {2, 8}, b);
  corpus.add("gguf", "adapter", text_of(gguf.bytes()));

  test::SafetensorsWriter weights;
  const std::string module = "base_model.model.model.layers.1.self_attn.q_proj.";
  weights.add_f32(module + "lora_A.weight", {2, 8}, a);
  weights.add_f32(module + "lora_B.weight", {8, 2}, b);
  const json plain = {
      {"peft_type", "LORA"}, {"r", 2}, {"lora_alpha", 4}, {"target_modules", {"q_proj"}}};
  json patterns = plain;
  patterns["r"] = 8;
  patterns["rank_pattern"] = {{"q_proj", 2}};
  patterns["alpha_pattern"] = {{"layers.1.self_attn.q_proj", 3.5}};
  patterns["use_rslora"] = true;
  json dora = plain;
  dora["use_dora"] = true;
  for (const auto& [name, config] :
       {std::pair("plain", plain), std::pair("patterns", patterns), std::pair("dora", dora)}) {
    corpus.add("peft", name, config.dump() + '\0' + text_of(weights.bytes()));
  }
}

void add_safetensors(const Corpus& corpus) {
  test::SafetensorsWriter numbers;
  numbers.add_f32("f32", {2, 2}, std::vector<float>{1, 2, 3, 4});
  numbers.add("bf16", "BF16", {3}, std::vector<std::uint8_t>(6, 0x3f));
  numbers.add("f16", "F16", {1, 2, 2}, std::vector<std::uint8_t>(8, 0x3c));
  numbers.add("i64", "I64", {}, std::vector<std::uint8_t>(8, 1));
  numbers.add("empty", "U8", {0, 4}, {});
  numbers.header["__metadata__"] = {{"format", "pt"}};
  corpus.add("safetensors", "types", text_of(numbers.bytes()));
  corpus.add("safetensors", "none", text_of(test::SafetensorsWriter().bytes()));

  test::SafetensorsWriter scales;
  for (int layer = 0; layer < 2; ++layer) {
    const std::string name = "layers." + std::to_string(layer);
    scales.add_f32(name + ".qkv_scales", {8}, std::vector<float>(8, 1.5f));
    scales.add_f32(name + ".o_scales", {4}, std::vector<float>(4, 0.5f));
    scales.add_f32(name + ".gate_up_scales", {8}, std::vector<float>(8, 2.0f));
    scales.add_f32(name + ".down_scales", {12}, std::vector<float>(12, 1.0f));
  }
  corpus.add("safetensors", "channel_scales", text_of(scales.bytes()));
}

void add_tokenizers(const Corpus& corpus) {
  for (const auto& [name, tokenizer] :
       {std::pair("byte_level", test::byte_level_json()),
        std::pair("byte_fallback", test::byte_fallback_json()),
        std::pair("unigram", test::unigram_json()), std::pair("clip", test::clip_json())}) {
    corpus.add("tokenizer_json", name, tokenizer.dump());
  }
  const json config = {{"bos_token", "<s>"},
                       {"eos_token", {{"content", "</s>"}}},
                       {"add_bos_token", true},
                       {"chat_template",
                        "{{ bos_token }}{% for m in messages %}{{ m.content }}{% "
                        "endfor %}"}};
  corpus.add("tokenizer_json", "with_config",
             test::byte_fallback_json().dump() + '\0' + config.dump());

  test::ProtobufWriter trainer;
  trainer.integer(3, 2);  // BPE
  test::ProtobufWriter normalizer;
  normalizer.text(1, "nmt_nfkc").text(2, test::sample_charsmap()).integer(3, 1).integer(4, 1);
  test::ProtobufWriter bpe = test::sentencepiece_pieces();
  bpe.text(2, trainer.bytes()).text(3, normalizer.bytes());
  corpus.add("tokenizer_file", "sentencepiece_bpe", bpe.bytes());
  corpus.add("tokenizer_file", "sentencepiece_unigram", test::sentencepiece_pieces().bytes());

  test::ByteWriter llama2c;
  llama2c.put<std::uint32_t>(4);  // longest piece
  for (const std::string_view piece : {"<unk>", "\n<s>\n", "\n</s>\n", " a", "b"}) {
    llama2c.put(-1.0f);
    llama2c.put(static_cast<std::uint32_t>(piece.size()));
    llama2c.put_text(piece);
  }
  corpus.add("tokenizer_file", "llama2c", text_of(llama2c.bytes()));
  using namespace std::string_literals;
  corpus.add("tokenizer_file", "gpt2",
             "{\"a\":0,\"b\":1,\"ab\":2,\"\u0120\":3,\"<|endoftext|>\":4}\0#version: 0.2\na b\n"s);
  corpus.add("tokenizer_file", "clip", "{\"a\":0,\"b</w>\":1,\"ab</w>\":2}\0a b</w>\n"s);
}

void add_states(const Corpus& corpus) {
  const StateModel model;
  const test::TempDir folder;
  for (const formats::Dtype kv : {formats::Dtype::f32, formats::Dtype::f16, formats::Dtype::i8}) {
    for (const std::string rule : {"none", "infinipot", "nuc", "keydiff", "snapkv"}) {
      context::PotOptions options;
      options.rule = rule;
      options.catalyst = {5, 9};
      options.rules.observed = 4;
      model::Session session(*model, 24, kv_of(kv));
      context::Pot pot(*model, session, options);
      pot.read(test::random_tokens(rule == "none" ? 20 : 40, model->config().vocab_size, 1), {});
      context::save(pot, {}, folder / "state");
      const std::vector<std::uint8_t> file = test::file_bytes(folder / "state");
      const formats::Bundle bundle = formats::Bundle::open(folder / "state");
      std::string input = text_of(test::index_bytes(file));
      input.insert(0,
                   {static_cast<char>(input.size() & 0xff), static_cast<char>(input.size() >> 8)});
      for (const formats::TensorEntry& tensor : bundle.info().tensors) {
        bundle.read(tensor, [&](ByteSpan bytes) { input += text_of(bytes); });
      }
      corpus.add("saved_state", rule + "_" + std::string(formats::dtype_name(kv)), input);
    }
  }
}

void add_charsmaps(const Corpus& corpus) {
  corpus.add("charsmap", "without_rules", "\x03 ab" + test::sample_charsmap());
  corpus.add(
      "charsmap", "rules",
      "\x08xab\u00e9 a" + test::CharsmapBytes({{"a", "b"}, {"ab", ""}, {"\u00e9", "e"}}).bytes());
}

}  // namespace
}  // namespace crayon::fuzz

int main(int argc, char** argv) {
  using namespace crayon;
  if (argc != 2) {
    std::fputs("usage: write_fuzz_seeds CORPUS\n", stderr);
    return 2;
  }
  try {
    const fuzz::Corpus corpus(argv[1]);
    fuzz::add_models(corpus);
    fuzz::add_gguf_tokenizers(corpus);
    fuzz::add_adapters(corpus);
    fuzz::add_safetensors(corpus);
    fuzz::add_tokenizers(corpus);
    fuzz::add_states(corpus);
    fuzz::add_charsmaps(corpus);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), error.hint().c_str());
    return 1;
  }
}
