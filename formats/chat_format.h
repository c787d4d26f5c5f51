#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::formats {

struct Turn {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// Which ends of a content lose their white space.
enum class Strip : std::uint8_t { none, left, right, both };

/// What stands around the content of a turn.
struct ChatWrap {
  std::string prefix;
  std::string suffix;
  Strip strip = Strip::none;
  /// The whole turn when nothing is left of its content, where that is not prefix and suffix.
  std::optional<std::string> empty = {};

  bool operator==(const ChatWrap&) const = default;
};

/// How a conversation becomes text: what a chat template does with turns of system, user and
/// assistant, as data.
struct ChatFormat {
  std::string name = "plain";  ///< a preset's, or "template" for one that is like none of them
  std::string note;            ///< why a model's own template is not followed; empty: it is
  /// The BOS token comes first where the tokenizer asks for it; otherwise only where wraps spell
  /// it.
  bool tokenizer_bos = true;
  std::string start;                     ///< before a conversation that begins with another turn
                                         ///< than a system turn
  std::optional<ChatWrap> system;        ///< first turn of a conversation; absent: refused
  std::optional<ChatWrap> later_system;  ///< anywhere else; absent: refused
  ChatWrap user;
  ChatWrap user_after_system;  ///< some formats open one turn for both
  ChatWrap assistant;
  std::string opening;       ///< behind the last turn: here the assistant speaks
  bool system_last = false;  ///< the first system turn stands right before the last user turn
  bool alternate = false;    ///< behind it only user, assistant, user, ... is allowed
  /// Of what an assistant said before, only what stands behind the last of these texts is kept;
  /// empty: all.
  std::string thought_end;
  bool thought_newlines = false;   ///< line feeds behind it go too
  std::vector<std::string> stops;  ///< texts that end an answer, besides end tokens

  bool operator==(const ChatFormat&) const = default;
};

inline constexpr std::size_t max_chat_format_bytes = 64;      ///< of a name
inline constexpr std::size_t max_chat_text_bytes = 1u << 16;  ///< of every other text
inline constexpr std::size_t max_chat_stops = 16;

/// Throws bad_tokenizer, naming the field, for a text above its limit or an empty name or stop.
void check(const ChatFormat& format);

/// A part of a conversation's text: of the format, or of a turn's content.
struct ChatPiece {
  std::string_view text;
  bool content = false;
};

/// The conversation up to where the assistant begins to speak, as views of `turns` and `format`.
/// Throws bad_argument, naming the message, for no turn at all, a role that is not known, and a
/// turn that the format does not have at its place.
std::vector<ChatPiece> lay_out(std::span<const Turn> turns, const ChatFormat& format);

/// Without the white space (as Python's str.strip() sees it, Unicode's too) at the ends.
std::string_view strip(std::string_view text, Strip ends);

/// The format of that name. Throws bad_argument, listing the names, for another.
///  * plain: for base models, which know no turns: the form in which such models are commonly
///    asked and scored, "Question: ...\nAnswer:", one behind the other
///  * chatml: Qwen, SmolLM2 and many others
///  * llama2, llama3: Meta's; gemma: Google's; phi3: Microsoft's
///  * mistral, mistral-nemo: Mistral's, with spaces around [INST] and without
///  * zephyr: Zephyr, TinyLlama
const ChatFormat& chat_preset(std::string_view name);

std::vector<std::string_view> chat_preset_names();

}  // namespace crayon::formats
