#include <fmt/format.h>

#include "base/error.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/lora_assembler.h"

namespace crayon::importers {
namespace {

constexpr std::string_view a_suffix = ".lora_a";
constexpr std::string_view b_suffix = ".lora_b";

[[noreturn]] void fail_kind(const GgufFile& file, std::string_view what) {
  throw Error(Code::unsupported_adapter, fmt::format("{} {}", file.path().string(), what),
              "pass a LoRA adapter");
}

// How llama.cpp's convert_lora_to_gguf.py marks its files.
void check_kind(const GgufFile& file, const formats::ModelConfig& base) {
  const std::string* type = file.text("general.type");
  const std::string* adapter_type = file.text("adapter.type");
  if (type == nullptr || *type != "adapter") {
    fail_kind(file, "is no adapter: its general.type is not \"adapter\"");
  }
  if (adapter_type == nullptr || *adapter_type != "lora") {
    fail_kind(file, fmt::format("has the adapter.type {}; lora is known",
                                adapter_type != nullptr ? *adapter_type : "(none)"));
  }
  if (file.array("adapter.alora.invocation_tokens") != nullptr) {
    fail_kind(file, "is an activated LoRA, which is not known");
  }
  const std::string* architecture = file.text("general.architecture");
  if (architecture == nullptr || *architecture != base.architecture) {
    throw Error(
        Code::wrong_base,
        fmt::format("{} is for the architecture {}, but the base is {}", file.path().string(),
                    architecture != nullptr ? *architecture : "(none)", base.architecture),
        "use the adapter with the model that it was trained on");
  }
}

}  // namespace

formats::AdapterSource read_gguf_adapter(const GgufFile& file, const formats::ModelConfig& base) {
  check_kind(file, base);
  const auto alpha = file.number("adapter.lora.alpha");
  if (!alpha) {
    file.fail_missing("adapter.lora.alpha");
  }
  LoraAssembler assembler(base, Naming::gguf, file.path().string());
  for (const GgufTensor& tensor : file.tensors()) {
    const bool is_b = tensor.name.ends_with(b_suffix);
    if (!is_b && !tensor.name.ends_with(a_suffix)) {
      assembler.fail_unmatched(tensor.name);
    }
    file.check_readable(tensor);
    assembler.add(
        tensor.name.substr(0, tensor.name.size() - a_suffix.size()),
        is_b ? LoraAssembler::Factor::b : LoraAssembler::Factor::a,
        {tensor.name, tensor.shape,
         [&file, &tensor](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
           file.read_rows(tensor, begin, count, out);
         }});
  }
  // An alpha of 0 stands for no scaling, as llama.cpp reads it.
  return assembler.finish([&](const std::string&, std::uint32_t rank) {
    return *alpha == 0.0 ? 1.0f : static_cast<float>(*alpha / rank);
  });
}

}  // namespace crayon::importers
