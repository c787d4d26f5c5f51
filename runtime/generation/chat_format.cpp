#include "runtime/generation/chat_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"

namespace crayon::generation {
namespace {

/// What stands around the content of a turn.
struct Wrap {
  std::string_view prefix;
  std::string_view suffix;
};

/// One format as data. `controls` are the spellings in the wraps that are control tokens.
struct Format {
  std::string_view name;
  Wrap system;
  Wrap user;
  Wrap user_after_system;  ///< llama2 opens one [INST] for both
  Wrap assistant;
  std::string_view opening;  ///< after the last turn: here the assistant speaks
  bool strip;                ///< contents without white space around them
  std::array<std::string_view, 3> controls;
  std::string_view stop;  ///< empty: none
};

constexpr std::array formats = {
    Format{.name = "plain",
           .system = {"", "\n\n"},
           .user = {"Question: ", "\n"},
           .user_after_system = {"Question: ", "\n"},
           .assistant = {"Answer: ", "\n\n"},
           .opening = "Answer:",  // no space: the answer's first token carries it
           .strip = true,
           .controls = {},
           .stop = "\nQuestion:"},
    Format{.name = "chatml",
           .system = {"<|im_start|>system\n", "<|im_end|>\n"},
           .user = {"<|im_start|>user\n", "<|im_end|>\n"},
           .user_after_system = {"<|im_start|>user\n", "<|im_end|>\n"},
           .assistant = {"<|im_start|>assistant\n", "<|im_end|>\n"},
           .opening = "<|im_start|>assistant\n",
           .strip = false,
           .controls = {"<|im_start|>", "<|im_end|>"},
           .stop = ""},
    Format{.name = "llama2",
           .system = {"[INST] <<SYS>>\n", "\n<</SYS>>\n\n"},
           .user = {"[INST] ", " [/INST]"},
           .user_after_system = {"", " [/INST]"},
           .assistant = {" ", " </s><s>"},
           .opening = "",
           .strip = true,
           .controls = {"<s>", "</s>"},
           .stop = ""},
    Format{.name = "llama3",
           .system = {"<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"},
           .user = {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
           .user_after_system = {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
           .assistant = {"<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"},
           .opening = "<|start_header_id|>assistant<|end_header_id|>\n\n",
           .strip = true,
           .controls = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
           .stop = ""},
    Format{.name = "zephyr",
           .system = {"<|system|>\n", "</s>\n"},
           .user = {"<|user|>\n", "</s>\n"},
           .user_after_system = {"<|user|>\n", "</s>\n"},
           .assistant = {"<|assistant|>\n", "</s>\n"},
           .opening = "<|assistant|>\n",
           .strip = false,
           .controls = {"</s>"},
           .stop = ""},
};

const Format& find_format(std::string_view name) {
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const Format& format) { return format.name == name; });
  if (found == formats.end()) {
    throw Error(Code::bad_argument, fmt::format("the chat format \"{}\" is not known", name),
                fmt::format("use one of: {}", fmt::join(chat_formats(), ", ")));
  }
  return *found;
}

const Wrap& find_wrap(const Format& format, std::span<const Turn> turns, std::size_t index) {
  const std::string& role = turns[index].role;
  if (role == "system") {
    return format.system;
  }
  if (role == "user") {
    const bool after_system = index > 0 && turns[index - 1].role == "system";
    return after_system ? format.user_after_system : format.user;
  }
  if (role == "assistant") {
    return format.assistant;
  }
  throw Error(Code::bad_argument, fmt::format("messages[{}].role is \"{}\"", index, role),
              "use system, user or assistant");
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view white = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(white) + 1 - first);
}

/// Puts a prompt together from text and control tokens. Text between two control tokens is
/// encoded at once, whichever parts it is made of: cut at the parts' borders, it would become
/// other tokens than those that models are trained with.
class Prompt {
 public:
  Prompt(const Format& format, const tokenizer::Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    for (const std::string_view text : format.controls) {
      if (const auto token = find_control(text)) {
        controls_.push_back({text, *token});
      }
    }
    const formats::TokenizerData& data = tokenizer.data();
    if (data.add_bos && data.bos) {
      tokens_.push_back(*data.bos);
    }
  }

  void add_content(std::string_view text) { run_ += text; }

  void add_template(std::string_view text) {
    while (!text.empty()) {
      const Control* next = nullptr;
      std::size_t at = text.size();
      for (const Control& control : controls_) {
        const std::size_t found = text.find(control.text);
        if (found < at) {
          at = found;
          next = &control;
        }
      }
      run_ += text.substr(0, at);
      if (next == nullptr) {
        return;
      }
      end_run();
      tokens_.push_back(next->token);
      text.remove_prefix(at + next->text.size());
    }
  }

  std::vector<Token> finish() {
    end_run();
    return std::move(tokens_);
  }

 private:
  struct Control {
    std::string_view text;
    Token token;
  };

  std::optional<Token> find_control(std::string_view text) const {
    const formats::TokenizerData& data = tokenizer_.data();
    for (std::size_t id = 0; id < data.pieces.size(); ++id) {
      if (data.pieces[id] == text && (data.types[id] == formats::TokenType::control ||
                                      data.types[id] == formats::TokenType::user_defined)) {
        return static_cast<Token>(id);
      }
    }
    return std::nullopt;
  }

  void end_run() {
    if (run_.empty()) {
      return;
    }
    const auto encoded = tokenizer_.encode(run_, {.add_bos = false, .parse_special = false});
    tokens_.insert(tokens_.end(), encoded.begin(), encoded.end());
    run_.clear();
  }

  const tokenizer::Tokenizer& tokenizer_;
  std::vector<Control> controls_;  // those of the format that the tokenizer has
  std::vector<Token> tokens_;
  std::string run_;  // text since the last control token
};

/// Everything up to where the assistant begins to speak.
Prompt conversation(std::span<const Turn> turns, const Format& format,
                    const tokenizer::Tokenizer& tokenizer) {
  if (turns.empty()) {
    throw Error(Code::bad_argument, "the conversation has no turn", "ask something");
  }
  Prompt prompt(format, tokenizer);
  for (std::size_t index = 0; index < turns.size(); ++index) {
    const Wrap& wrap = find_wrap(format, turns, index);
    const std::string_view content = turns[index].content;
    prompt.add_template(wrap.prefix);
    prompt.add_content(format.strip ? stripped(content) : content);
    prompt.add_template(wrap.suffix);
  }
  prompt.add_template(format.opening);
  return prompt;
}

}  // namespace

std::vector<std::string_view> chat_formats() {
  std::vector<std::string_view> names;
  for (const Format& format : formats) {
    names.push_back(format.name);
  }
  return names;
}

std::vector<Token> render(std::span<const Turn> turns, std::string_view chat_format,
                          const tokenizer::Tokenizer& tokenizer) {
  return conversation(turns, find_format(chat_format), tokenizer).finish();
}

std::vector<Token> render_answered(std::span<const Turn> turns, std::string_view answer,
                                   std::string_view chat_format,
                                   const tokenizer::Tokenizer& tokenizer) {
  Prompt prompt = conversation(turns, find_format(chat_format), tokenizer);
  prompt.add_content(spoken(answer, chat_format));
  return prompt.finish();
}

std::string spoken(std::string_view answer, std::string_view chat_format) {
  const Format& format = find_format(chat_format);
  // An assistant's turn begins with the opening in every format; the rest is the gap.
  std::string text(format.assistant.prefix.substr(format.opening.size()));
  return text += format.strip ? stripped(answer) : answer;
}

std::vector<std::string> chat_stops(std::string_view chat_format) {
  const Format& format = find_format(chat_format);
  if (format.stop.empty()) {
    return {};
  }
  return {std::string(format.stop)};
}

}  // namespace crayon::generation
