#include "runtime/generation/chat_format.h"

#include <algorithm>
#include <utility>

namespace crayon::generation {
namespace {

/// Puts a prompt together from text and control tokens. Text between two control tokens is
/// encoded at once, whichever parts it is made of: cut at the parts' borders, it would become
/// other tokens than those that models are trained with.
class Prompt {
 public:
  explicit Prompt(const tokenizer::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void add_bos() {
    const formats::TokenizerData& data = tokenizer_.data();
    if (data.add_bos && data.bos) {
      tokens_.push_back(*data.bos);
    }
  }

  void add_content(std::string_view text) {
    end_template();
    run_ += text;
  }

  /// A control token may be spelled by the end of one piece and the beginning of the next.
  void add_template(std::string_view text) { template_ += text; }

  std::vector<Token> finish() {
    end_template();
    end_run();
    return std::move(tokens_);
  }

 private:
  struct Control {
    std::string_view text;
    Token token;
    std::size_t at;
  };

  /// The tokens that are spelled in `text`, first occurrences only, the longer first where two
  /// begin at the same place.
  std::vector<Control> controls_in(std::string_view text) const {
    const formats::TokenizerData& data = tokenizer_.data();
    std::vector<Control> found;
    for (std::size_t id = 0; id < data.pieces.size(); ++id) {
      const formats::TokenType type = data.types[id];
      const std::string& piece = data.pieces[id];
      if ((type == formats::TokenType::control || type == formats::TokenType::user_defined) &&
          !piece.empty() && text.find(piece) != text.npos) {
        found.push_back({piece, static_cast<Token>(id), text.find(piece)});
      }
    }
    std::ranges::sort(found, [](const Control& left, const Control& right) {
      return std::pair(left.at, right.text.size()) < std::pair(right.at, left.text.size());
    });
    return found;
  }

  void end_template() {
    std::string_view text = template_;
    for (;;) {
      const std::vector<Control> controls = controls_in(text);
      if (controls.empty()) {
        break;
      }
      const Control& next = controls.front();
      run_ += text.substr(0, next.at);
      end_run();
      tokens_.push_back(next.token);
      text.remove_prefix(next.at + next.text.size());
    }
    run_ += text;
    template_.clear();
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
  std::vector<Token> tokens_;
  std::string run_;       // text since the last control token
  std::string template_;  // behind it: text of the format that may spell more of them
};

/// Everything up to where the assistant begins to speak.
Prompt conversation(std::span<const Turn> turns, const ChatFormat& format,
                    const tokenizer::Tokenizer& tokenizer) {
  Prompt prompt(tokenizer);
  if (format.tokenizer_bos) {
    prompt.add_bos();
  }
  for (const formats::ChatPiece& piece : formats::lay_out(turns, format)) {
    if (piece.content) {
      prompt.add_content(piece.text);
    } else {
      prompt.add_template(piece.text);
    }
  }
  return prompt;
}

}  // namespace

std::vector<Token> render(std::span<const Turn> turns, const ChatFormat& format,
                          const tokenizer::Tokenizer& tokenizer) {
  return conversation(turns, format, tokenizer).finish();
}

std::vector<Token> render_answered(std::span<const Turn> turns, std::string_view answer,
                                   const ChatFormat& format,
                                   const tokenizer::Tokenizer& tokenizer) {
  Prompt prompt = conversation(turns, format, tokenizer);
  prompt.add_content(spoken(answer, format));
  return prompt.finish();
}

std::string spoken(std::string_view answer, const ChatFormat& format) {
  const formats::ChatWrap& wrap = format.assistant;
  // Mostly an assistant's turn begins with the opening; the rest is the gap. An opening of its
  // own says already how to go on.
  std::string text;
  if (wrap.prefix.starts_with(format.opening)) {
    text = wrap.prefix.substr(format.opening.size());
  }
  return text += formats::strip(answer, wrap.strip);
}

}  // namespace crayon::generation
