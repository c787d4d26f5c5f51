#include "formats/chat_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

void check_text(std::string_view field, std::string_view text) {
  if (text.size() > max_chat_text_bytes) {
    fail(Code::bad_tokenizer, field,
         fmt::format("{} bytes are more than {}", text.size(), max_chat_text_bytes));
  }
}

void check_wrap(std::string_view field, const ChatWrap& wrap) {
  in_field(field, [&] {
    check_text("prefix", wrap.prefix);
    check_text("suffix", wrap.suffix);
    check_text("empty", wrap.empty.value_or(""));
  });
}

[[noreturn]] void refuse(std::size_t index, const Turn& turn, std::string_view why,
                         std::string_view hint) {
  throw Error(Code::bad_argument,
              fmt::format("messages[{}].role is \"{}\"{}", index, turn.role, why),
              std::string(hint));
}

void check_role(const Turn& turn, std::size_t index) {
  if (turn.role != "system" && turn.role != "user" && turn.role != "assistant") {
    refuse(index, turn, "", "use system, user or assistant");
  }
}

/// Checks every turn's role, and that it may stand where it does.
void check_roles(std::span<const Turn> turns, const ChatFormat& format) {
  if (turns.empty()) {
    throw Error(Code::bad_argument, "the conversation has no turn", "ask something");
  }
  const std::size_t first = turns.front().role == "system" ? 1 : 0;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    check_role(turns[i], i);
    if (turns[i].role == "system") {
      if (!(i == 0 ? format.system : format.later_system)) {
        refuse(i, turns[i],
               fmt::format(", which the model's chat format has not{}",
                           i == 0 || !format.system ? "" : " behind other turns"),
               format.system ? "put it first" : "put what it says into the first user turn");
      }
    } else if (format.alternate && (turns[i].role == "user") != ((i - first) % 2 == 0)) {
      refuse(i, turns[i], ", but in the model's chat format user and assistant take turns",
             "begin with user, and put turns of one role behind another together");
    }
  }
}

/// Lays turns out one by one.
class Layout {
 public:
  explicit Layout(const ChatFormat& format) : format_(format) {}

  void add_text(std::string_view text) {
    if (!text.empty()) {
      pieces_.push_back({text, false});
    }
  }

  void add(const Turn& turn, const ChatWrap& wrap) {
    const std::string_view content =
        strip(turn.role == "assistant" ? without_thought(turn.content) : turn.content, wrap.strip);
    if (content.empty() && wrap.empty) {
      add_text(*wrap.empty);
      return;
    }
    add_text(wrap.prefix);
    if (!content.empty()) {
      pieces_.push_back({content, true});
    }
    add_text(wrap.suffix);
  }

  std::vector<ChatPiece> finish() { return std::move(pieces_); }

 private:
  std::string_view without_thought(std::string_view said) const {
    const std::string& mark = format_.thought_end;
    const std::size_t found = mark.empty() ? said.npos : said.rfind(mark);
    if (found == said.npos) {
      return said;
    }
    said.remove_prefix(found + mark.size());
    if (format_.thought_newlines) {
      said.remove_prefix(std::min(said.find_first_not_of('\n'), said.size()));
    }
    return said;
  }

  const ChatFormat& format_;
  std::vector<ChatPiece> pieces_;
};

std::size_t last_user(std::span<const Turn> turns) {
  const auto found = std::find_if(turns.rbegin(), turns.rend(),
                                  [](const Turn& turn) { return turn.role == "user"; });
  return static_cast<std::size_t>(turns.rend() - found) - 1;  // "none" wraps to the largest number
}

}  // namespace

void check(const ChatFormat& format) {
  if (format.name.empty() || format.name.size() > max_chat_format_bytes) {
    fail(Code::bad_tokenizer, "name",
         fmt::format("a name of 1 to {} bytes is needed", max_chat_format_bytes));
  }
  check_text("note", format.note);
  check_text("start", format.start);
  check_text("opening", format.opening);
  check_text("thought_end", format.thought_end);
  check_wrap("system", format.system.value_or(ChatWrap()));
  check_wrap("later_system", format.later_system.value_or(ChatWrap()));
  check_wrap("user", format.user);
  check_wrap("user_after_system", format.user_after_system);
  check_wrap("assistant", format.assistant);
  if (format.stops.size() > max_chat_stops) {
    fail(Code::bad_tokenizer, "stops",
         fmt::format("{} are more than {}", format.stops.size(), max_chat_stops));
  }
  for (const std::string& stop : format.stops) {
    check_text("stops", stop);
    if (stop.empty()) {
      fail(Code::bad_tokenizer, "stops", "an empty text would end every answer");
    }
  }
}

std::vector<ChatPiece> lay_out(std::span<const Turn> turns, const ChatFormat& format) {
  check_roles(turns, format);
  Layout layout(format);
  const bool led = turns.front().role == "system";
  const bool held_back = led && format.system_last;
  if (!led || held_back) {
    layout.add_text(format.start);
  }
  const std::size_t before = held_back ? last_user(turns) : 0;
  for (std::size_t i = held_back ? 1 : 0; i < turns.size(); ++i) {
    if (held_back && i == before) {
      layout.add(turns.front(), *format.system);
    }
    if (turns[i].role == "system") {
      layout.add(turns[i], i == 0 ? *format.system : *format.later_system);
    } else if (turns[i].role == "assistant") {
      layout.add(turns[i], format.assistant);
    } else {
      const bool after_system = held_back ? i == before : i > 0 && turns[i - 1].role == "system";
      layout.add(turns[i], after_system ? format.user_after_system : format.user);
    }
  }
  layout.add_text(format.opening);
  return layout.finish();
}

}  // namespace crayon::formats
