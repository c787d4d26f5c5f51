// Chat templates read as data: what comes out prints what Jinja prints (tests/data/README.md).

#include "formats/importers/chat_template.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/hash.h"
#include "formats/importers/template_probe.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ChatFormat;
using nlohmann::json;

const json& golden() {
  static const json all = json::parse(read_text(test::data() / "chat/templates.json", 1 << 20));
  return all;
}

Turns turns_of(const json& messages) {
  Turns turns;
  for (const json& message : messages) {
    turns.push_back({message["role"], message["content"]});
  }
  return turns;
}

std::string hash_of(const std::string& text) {
  return formats::to_hex(
      formats::hash_of({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
}

/// What is refused, and what follows a template further than a format can, are errors.
bool is_refused(const Turns& turns, const ChatFormat& format) {
  try {
    laid_out(turns, format);
  } catch (const Error& error) {
    return error.code() == Code::bad_argument;
  }
  return false;
}

class RealTemplate : public testing::TestWithParam<std::string> {
 protected:
  static std::string source(const std::filesystem::path& path) { return read_text(path, 1 << 20); }
};

TEST_P(RealTemplate, PrintsWhatJinjaPrints) {
  CRAYON_ASSET(path, "tokenizers/chat_templates/" + GetParam() + ".jinja");
  const json& expected = golden()["templates"][GetParam()];
  const ChatFormat format = read_chat_template(source(path), {expected["bos"], expected["eos"]});
  if (expected.contains("fails")) {
    EXPECT_EQ(format.name, "plain");
    EXPECT_NE(format.note, "") << "Jinja: " << expected["fails"];
    return;
  }
  EXPECT_EQ(format.note, "");
  for (const auto& [name, messages] : golden()["conversations"].items()) {
    const Turns turns = turns_of(messages);
    const json& printed = expected["prints"][name];
    const bool hoisted = name == "later_system" && !format.later_system;
    if (hoisted || printed.contains("raises")) {
      EXPECT_TRUE(is_refused(turns, format)) << name;
    } else if (printed.is_string()) {
      EXPECT_EQ(laid_out(turns, format), printed.get<std::string>()) << name;
    } else {
      EXPECT_EQ(hash_of(laid_out(turns, format)), printed["blake2b"]) << name;
    }
  }
}

std::vector<std::string> template_names() {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : golden()["templates"].items()) {
    names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, RealTemplate, testing::ValuesIn(template_names()),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

TEST(ChatTemplate, NamesOfKnownFamilies) {
  const auto name_of = [](const char* name) {
    const json& expected = golden()["templates"][name];
    const auto path = test::assets() / "tokenizers/chat_templates" / (std::string(name) + ".jinja");
    return read_chat_template(read_text(path, 1 << 20), {expected["bos"], expected["eos"]}).name;
  };
  CRAYON_ASSET(folder, "tokenizers/chat_templates");
  EXPECT_EQ(name_of("Qwen-Qwen2.5-7B-Instruct"), "chatml");
  EXPECT_EQ(name_of("meta-llama-Llama-3.2-3B-Instruct"), "llama3");
  EXPECT_EQ(name_of("google-gemma-2-2b-it"), "gemma");
  EXPECT_EQ(name_of("microsoft-Phi-3.5-mini-instruct"), "phi3");
  EXPECT_EQ(name_of("mistralai-Mistral-Nemo-Instruct-2407"), "mistral-nemo");
  EXPECT_EQ(name_of("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"), "template");
}

// Small templates in the manner of published ones.

constexpr const char* zephyr =
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
    "{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n"
    "{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n"
    "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n"
    "{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
    "{% endif %}\n{% endfor %}";

// The system prompt goes into the first user turn, whose end alone is stripped then.
constexpr const char* llama2 =
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}"
    "{% set system = messages[0]['content'] %}"
    "{% else %}{% set rest = messages %}{% set system = false %}{% endif %}"
    "{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('take turns') }}{% endif %}"
    "{% if loop.index0 == 0 and system != false %}"
    "{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + m['content'] %}"
    "{% else %}{% set content = m['content'] %}{% endif %}"
    "{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";

TEST(ChatTemplate, ReadsZephyr) {
  const ChatFormat format = read_chat_template(zephyr, {"<s>", "</s>"});
  EXPECT_EQ(format.note, "");
  EXPECT_EQ(format.name, "zephyr");
  EXPECT_EQ(laid_out({{"system", "S"}, {"user", "U"}}, format),
            "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\n");
}

TEST(ChatTemplate, ReadsLlama2) {
  const ChatFormat format = read_chat_template(llama2, {"<s>", "</s>"});
  EXPECT_EQ(format.note, "");
  EXPECT_EQ(format.name, "llama2");
  EXPECT_EQ(
      laid_out({{"system", " S "}, {"user", " U "}, {"assistant", " A "}, {"user", "V"}}, format),
      "<s>[INST] <<SYS>>\n S \n<</SYS>>\n\n U [/INST] A </s><s>[INST] V [/INST]");
  EXPECT_TRUE(is_refused({{"user", "U"}, {"user", "V"}}, format));
}

TEST(ChatTemplate, NothingIsGuessedFromMarks) {
  // ChatML's marks, but the last user turn counts the words.
  const char* tricky =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n"
      "{% if loop.last %}{{ m.content|length }}{% else %}{{ m.content }}{% endif %}<|im_end|>\n"
      "{% endfor %}<|im_start|>assistant\n";
  const ChatFormat format = read_chat_template(tricky, {});
  EXPECT_EQ(format.name, "plain");
  EXPECT_EQ(format.user, formats::chat_preset("plain").user);
  EXPECT_NE(format.note, "");
}

TEST(ChatTemplate, WhatDependsOnTheFillingIsNotFollowed) {
  const char* numbered = "{% for m in messages %}{{ loop.index }}: {{ m.content }}\n{% endfor %}";
  EXPECT_EQ(read_chat_template(numbered, {}).name, "plain");
  const char* shouted = "{% for m in messages %}[{{ m.content|upper }}]{% endfor %}";
  EXPECT_EQ(read_chat_template(shouted, {}).name, "plain");
  const char* dated = "{{ strftime_now('%d') }}{% for m in messages %}{{ m.content }}{% endfor %}";
  const ChatFormat format = read_chat_template(dated, {});
  EXPECT_EQ(format.name, "plain");
  EXPECT_NE(format.note.find("strftime_now"), std::string::npos) << format.note;
}

TEST(ChatTemplate, SaysWhatItCannotFollow) {
  EXPECT_EQ(read_chat_template("", {}).note, "");
  EXPECT_EQ(read_chat_template("{% include 'x' %}", {}).note, "it has the statement include");
  EXPECT_NE(read_chat_template("{{ messages", {}).note, "");
  EXPECT_NE(read_chat_template("Hello", {}).note, "");
  // What a template has written into the sentence is shown, but does nothing to a terminal.
  EXPECT_EQ(read_chat_template("{% \x1b[2J %}", {}).note.find('\x1b'), std::string::npos);
}

TEST(ChatTemplate, EndlessTemplatesEnd) {
  for (const char* endless :
       {"{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
        "{% set ns = namespace(t='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}"
        "{% set ns.t = ns.t + ns.t %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}"
        "{% set ns.l = [ns.l, ns.l] %}{% endfor %}",
        "{% set ns = namespace() %}{% set ns.me = [ns] %}{{ ns == ns }}"}) {
    const ChatFormat format = read_chat_template(endless, {});
    EXPECT_EQ(format.name, "plain") << endless;
    EXPECT_NE(format.note, "") << endless;
  }
  const std::string deep(100'000, '(');
  EXPECT_NE(read_chat_template("{{ " + deep, {}).note, "");
  std::string chain = "{{ 1";
  for (int i = 0; i < 10'000; ++i) {
    chain += "+1";
  }
  EXPECT_NE(read_chat_template(chain + " }}", {}).note, "");
  std::string blocks;
  for (int i = 0; i < 10'000; ++i) {
    blocks += "{% if a %}";
  }
  EXPECT_NE(read_chat_template(blocks, {}).note, "");
}

}  // namespace
}  // namespace crayon::importers
