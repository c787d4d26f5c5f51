#include "formats/importers/chat_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "formats/importers/jinja/value.h"
#include "formats/importers/template_probe.h"

namespace crayon::importers {
namespace {

using formats::ChatFormat;
using formats::ChatWrap;
using formats::Strip;
using jinja::fail;

constexpr std::size_t max_template = 1u << 18;  // bytes

// Contents that no template has in its own text.
const std::string user_a = "zq1u";
const std::string user_b = "zq2u";
const std::string answer = "zq3a";
const std::string order = "zq4s";
const std::string padding = " \n ";

std::string common_prefix(std::string_view left, std::string_view right) {
  const auto [end, ignored] = std::ranges::mismatch(left, right);
  return {left.begin(), end};
}

std::string common_suffix(std::string_view left, std::string_view right) {
  std::size_t size = 0;
  while (size < left.size() && size < right.size() &&
         left[left.size() - 1 - size] == right[right.size() - 1 - size]) {
    ++size;
  }
  return std::string(left.substr(left.size() - size));
}

/// Reads a format off a template. Every step takes what the steps before it have found.
class Reader {
 public:
  explicit Reader(const TemplateProbe& probe) : probe_(probe) { format_.tokenizer_bos = false; }

  ChatFormat read() {
    read_turns();
    read_thoughts();
    read_system();
    format_.user.strip = strip_of({{"user", user_a}}, 0);
    format_.assistant.strip =
        strip_of({{"user", user_a}, {"assistant", answer}, {"user", user_b}}, 1);
    read_empty({{"user", user_a}}, 0, format_.user);
    read_empty({{"user", user_a}, {"assistant", answer}, {"user", user_b}}, 1, format_.assistant);
    verify();
    return format_;
  }

 private:
  /// Cuts what stands around the contents of user, assistant, user into the ends of turns and the
  /// beginnings of the next ones.
  void read_turns() {
    const auto single = probe_.parts({{"user", user_a}});
    const auto talk = probe_.parts({{"user", user_a}, {"assistant", answer}, {"user", user_b}});
    if (!single || !talk) {
      fail("it does not print what user and assistant say");
    }
    const auto pair = probe_.parts({{"user", user_a}, {"user", user_b}});
    format_.alternate = !pair;
    const std::string& first = single->front();
    const std::string& user_to_answer = (*talk)[1];
    const std::string& answer_to_user = (*talk)[2];
    const std::string& behind = single->back();

    std::vector<std::string> followers = {user_to_answer, behind};
    if (pair) {
      followers.push_back((*pair)[1]);
    }
    format_.user.suffix = closing({{"user", user_a}}, followers);
    format_.assistant.suffix = closing({{"user", user_a}, {"assistant", answer}}, {answer_to_user});
    format_.user.prefix =
        common_suffix(first, answer_to_user.substr(format_.assistant.suffix.size()));
    // What is not the user's prefix by this belongs to the answer before.
    format_.assistant.suffix =
        answer_to_user.substr(0, answer_to_user.size() - format_.user.prefix.size());
    format_.start = first.substr(0, first.size() - format_.user.prefix.size());
    format_.assistant.prefix = user_to_answer.substr(format_.user.suffix.size());
    format_.opening = behind.substr(format_.user.suffix.size());
  }

  /// The end of the last of `turns`: what the template prints when nothing is to follow, where
  /// that stands before whatever may follow.
  std::string closing(const Turns& turns, const std::vector<std::string>& followers) const {
    const auto parts = probe_.parts(turns, false);
    if (!parts) {
      fail("it does not end a turn that nothing follows");
    }
    std::string tail = parts->back();
    const auto fits = [&] {
      return std::ranges::all_of(followers,
                                 [&](const std::string& next) { return next.starts_with(tail); });
    };
    if (!fits() && !probe_.tokens().eos.empty() && tail.ends_with(probe_.tokens().eos)) {
      tail.resize(tail.size() - probe_.tokens().eos.size());
    }
    if (fits()) {
      return tail;
    }
    for (const std::string& next : followers) {
      tail = common_prefix(tail, next);
    }
    return tail.substr(0, tail.rfind('>') + 1);  // not in the middle of a token's spelling
  }

  void read_thoughts() {
    const std::string mark = "</think>";
    const auto kept = [&](const std::string& gap) {
      const auto text = probe_.render(
          {{"user", user_a}, {"assistant", "zq5" + mark + gap + answer}, {"user", user_b}});
      const auto turn =
          laid_out({{"user", user_a}, {"assistant", gap + answer}, {"user", user_b}}, format_);
      return text == turn;
    };
    if (kept("")) {
      format_.thought_end = mark;
      format_.thought_newlines = !kept("\n\n");
    }
  }

  void read_system() {
    format_.user_after_system = format_.user;
    const Turns turns = {{"system", order}, {"user", user_a}};
    const auto parts = probe_.parts(turns);
    if (!parts || parts->back() != format_.user.suffix + format_.opening) {
      return;
    }
    ChatWrap wrap{(*parts)[0], (*parts)[1]};
    if (wrap.suffix.ends_with(format_.user.prefix)) {
      wrap.suffix.resize(wrap.suffix.size() - format_.user.prefix.size());
    } else {  // both in one turn
      format_.user_after_system.prefix.clear();
    }
    format_.system = wrap;
    const Turns longer = {
        {"system", order}, {"user", user_a}, {"assistant", answer}, {"user", user_b}};
    if (!probe_.agrees(longer, format_) && wrap.prefix.starts_with(format_.start)) {
      format_.system->prefix.erase(0, format_.start.size());
      format_.system_last = true;
    }
    format_.system->strip = strip_of(turns, 0);
    format_.user_after_system.strip = strip_of(turns, 1);
    read_empty(turns, 0, *format_.system);
    read_empty(turns, 1, format_.user_after_system);
    read_later_system();
  }

  void read_later_system() {
    const Turns turns = {{"user", user_a}, {"system", order}, {"user", user_b}};
    const auto parts = probe_.parts(turns);
    if (!parts || !(*parts)[1].starts_with(format_.user.suffix) ||
        !(*parts)[2].ends_with(format_.user.prefix)) {
      return;
    }
    format_.later_system =
        ChatWrap{(*parts)[1].substr(format_.user.suffix.size()),
                 (*parts)[2].substr(0, (*parts)[2].size() - format_.user.prefix.size())};
    format_.later_system->strip = strip_of(turns, 1);
    read_empty(turns, 1, *format_.later_system);
  }

  /// What the template does with white space around the content of one of `turns`.
  Strip strip_of(Turns turns, std::size_t index) const {
    const auto parts = probe_.parts(turns);
    if (!parts) {
      return Strip::none;
    }
    turns[index].content = padding + turns[index].content + padding;
    const auto text = probe_.render(turns);
    std::string before;
    for (std::size_t i = 0; i <= index; ++i) {
      before += (*parts)[i] + (i == index ? "" : turns[i].content);
    }
    const bool left = !text || !text->starts_with(before + padding);
    const std::size_t end = text ? text->rfind(padding + (*parts)[index + 1]) : std::string::npos;
    const bool right = end == std::string::npos || end < before.size();
    return left ? (right ? Strip::both : Strip::left) : (right ? Strip::right : Strip::none);
  }

  /// Finds the text of a turn whose content is empty, where it is another than its wrap says.
  void read_empty(Turns turns, std::size_t index, ChatWrap& wrap) const {
    const std::string content = std::exchange(turns[index].content, "");
    const auto text = probe_.render(turns);
    const std::string expected = laid_out(turns, format_);
    if (!text || *text == expected) {
      return;
    }
    turns[index].content = content;
    const std::string filled = laid_out(turns, format_);
    const std::string turn = wrap.prefix + content + wrap.suffix;
    const std::size_t begin = filled.find(turn);
    const std::size_t rest = filled.size() - std::min(filled.size(), begin + turn.size());
    if (begin != std::string::npos && text->size() >= begin + rest &&
        text->starts_with(filled.substr(0, begin)) &&
        text->ends_with(filled.substr(filled.size() - rest))) {
      wrap.empty = text->substr(begin, text->size() - begin - rest);
    }
  }

  bool agrees(const std::vector<Turns>& conversations) const {
    return std::ranges::all_of(conversations,
                               [&](const Turns& turns) { return probe_.agrees(turns, format_); });
  }

  /// Whatever the format prints, the template must print. What it does not, is refused; of turns
  /// of user and assistant one behind the other nothing may be.
  void verify() {
    const formats::Turn user{"user", user_a};
    const formats::Turn padded{"user", padding + user_b + padding};
    const formats::Turn empty{"user", ""};
    const formats::Turn said{"assistant", answer};
    const formats::Turn padded_said{"assistant", padding + answer + padding};
    const formats::Turn empty_said{"assistant", ""};
    const formats::Turn thought{"assistant", "a</think>b</think>\n\n" + answer};
    const formats::Turn system{"system", order};
    const formats::Turn padded_system{"system", padding + order + padding};
    const formats::Turn empty_system{"system", ""};
    if (!agrees({{user},
                 {user, said, padded},
                 {padded, padded_said, user, said, user},
                 {empty},
                 {user, said, empty},
                 {user, empty_said, padded},
                 {user, thought, user, said, user}})) {
      fail("what it prints is more than texts around what user and assistant say");
    }
    format_.alternate = format_.alternate || !agrees({{user, padded},
                                                      {said, user},
                                                      {user, said, padded_said, user},
                                                      {user, user, said, user}});
    if (!agrees({{user, system, user},
                 {user, said, system, user},
                 {user, padded_system, padded},
                 {user, empty_system, user},
                 {system, user, said, padded_system, user},
                 {system, system, user},
                 {system, user, system, user}})) {
      format_.later_system.reset();
    }
    if (!agrees({{system, user},
                 {padded_system, padded, said, user},
                 {empty_system, user},
                 {padded_system, user, padded_said, padded, said, user},
                 {system, padded}})) {
      format_.system.reset();
      format_.later_system.reset();
      format_.system_last = false;
    }
  }

  const TemplateProbe& probe_;
  ChatFormat format_;
};

/// The preset with the same turns of user and assistant, or "template".
std::string name_of(const ChatFormat& format) {
  const auto same = [](const ChatWrap& left, const ChatWrap& right) {
    return left.prefix == right.prefix && left.suffix == right.suffix;
  };
  for (const std::string_view name : formats::chat_preset_names()) {
    const ChatFormat& preset = formats::chat_preset(name);
    if (same(preset.user, format.user) && same(preset.assistant, format.assistant) &&
        preset.opening == format.opening) {
      return preset.name;
    }
  }
  return "template";
}

/// The beginning of a sentence that a template may have written into.
std::string printable(std::string_view sentence) {
  constexpr std::size_t max_note = 200;  // bytes
  std::string text(sentence.substr(0, max_note));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace

ChatFormat read_chat_template(std::string_view source, const TemplateTokens& tokens) {
  ChatFormat plain = formats::chat_preset("plain");
  if (source.empty()) {
    return plain;
  }
  try {
    if (source.size() > max_template) {
      fail(fmt::format("{} bytes are more than {}", source.size(), max_template));
    }
    const TemplateProbe probe(source, tokens);
    ChatFormat format = Reader(probe).read();
    formats::check(format);
    format.name = name_of(format);
    return format;
  } catch (const Error& error) {
    plain.note = printable(error.what());
    return plain;
  }
}

}  // namespace crayon::importers
