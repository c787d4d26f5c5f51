#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "formats/chat_format.h"

namespace crayon::formats {
namespace {

/// A format whose turns all look alike: a header that names the role, and an end.
ChatFormat headed(std::string name, std::array<std::string, 3> headers, const std::string& end,
                  Strip strip) {
  ChatFormat format;
  format.name = std::move(name);
  format.system = ChatWrap{headers[0], end, strip};
  format.later_system = format.system;
  format.user = {headers[1], end, strip};
  format.user_after_system = format.user;
  format.assistant = {headers[2], end, strip};
  format.opening = headers[2];
  return format;
}

ChatFormat plain() {
  ChatFormat format = headed("plain", {"", "Question: ", "Answer: "}, "\n\n", Strip::both);
  format.user.suffix = "\n";
  format.user_after_system = format.user;
  format.opening = "Answer:";  // no space: the answer's first token carries it
  format.stops = {"\nQuestion:"};
  return format;
}

ChatFormat llama2() {
  ChatFormat format;
  format.name = "llama2";
  format.tokenizer_bos = false;
  format.system = ChatWrap{"<s>[INST] <<SYS>>\n", "\n<</SYS>>\n\n", Strip::both};
  format.later_system = format.system;
  format.user = {"<s>[INST] ", " [/INST]", Strip::both};
  format.user_after_system = {"", " [/INST]", Strip::both};
  format.assistant = {" ", " </s>", Strip::both};
  return format;
}

ChatFormat gemma() {
  ChatFormat format = headed("gemma", {"", "<start_of_turn>user\n", "<start_of_turn>model\n"},
                             "<end_of_turn>\n", Strip::both);
  format.system.reset();
  format.later_system.reset();
  format.alternate = true;
  return format;
}

ChatFormat phi3() {
  ChatFormat format =
      headed("phi3", {"<|system|>\n", "<|user|>\n", "<|assistant|>\n"}, "<|end|>\n", Strip::none);
  format.system->empty = "";
  format.later_system = format.system;
  return format;
}

ChatFormat mistral(std::string name, const std::string& space) {
  ChatFormat format;
  format.name = std::move(name);
  format.user = {"[INST]" + space, space + "[/INST]"};
  format.system = ChatWrap{format.user.prefix, "\n\n"};
  format.user_after_system = {"", format.user.suffix};
  format.assistant = {space, "</s>"};
  format.alternate = true;
  return format;
}

ChatFormat mistral_nemo() {
  ChatFormat format = mistral("mistral-nemo", "");
  format.system_last = true;
  return format;
}

const std::vector<ChatFormat>& presets() {
  static const std::vector<ChatFormat> list = {
      plain(),
      headed("chatml", {"<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n"},
             "<|im_end|>\n", Strip::none),
      llama2(),
      headed("llama3",
             {"<|start_header_id|>system<|end_header_id|>\n\n",
              "<|start_header_id|>user<|end_header_id|>\n\n",
              "<|start_header_id|>assistant<|end_header_id|>\n\n"},
             "<|eot_id|>", Strip::both),
      gemma(),
      phi3(),
      mistral("mistral", " "),
      mistral_nemo(),
      headed("zephyr", {"<|system|>\n", "<|user|>\n", "<|assistant|>\n"}, "</s>\n", Strip::none),
  };
  return list;
}

}  // namespace

const ChatFormat& chat_preset(std::string_view name) {
  const auto found = std::ranges::find(presets(), name, &ChatFormat::name);
  if (found == presets().end()) {
    throw Error(Code::bad_argument, fmt::format("the chat format \"{}\" is not known", name),
                fmt::format("use one of: {}", fmt::join(chat_preset_names(), ", ")));
  }
  return *found;
}

std::vector<std::string_view> chat_preset_names() {
  std::vector<std::string_view> names;
  for (const ChatFormat& format : presets()) {
    names.push_back(format.name);
  }
  return names;
}

}  // namespace crayon::formats
