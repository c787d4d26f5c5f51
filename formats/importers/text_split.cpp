#include <fmt/format.h>

#include "base/error.h"
#include "formats/importers/base64.h"
#include "formats/importers/pre_tokenizers.h"
#include "formats/importers/tokenizer_json.h"

namespace crayon::importers {
namespace {

constexpr const char* sentencepiece_space = "\u2581";

// A Sequence within a Sequence has no use; none at all would let a file choose our stack's depth.
constexpr int deepest_sequence = 4;

class Reader {
 public:
  TextSplit read(const JsonObject& json) {
    if (const auto normalizer = json.object("normalizer")) {
      read_normalizer(*normalizer, 0);
    }
    if (const auto splitter = json.object("pre_tokenizer")) {
      read_splitter(*splitter, 0);
    }
    check_spaces(json);
    return std::move(split_);
  }

 private:
  // Calls `read(part, depth + 1)` for the parts of a Sequence, which lie in `field`.
  template <typename Read>
  static void for_each_part(const JsonObject& sequence, const char* field, int depth,
                            const Read& read) {
    const Json* parts = sequence.array(field);
    if (parts == nullptr) {
      sequence.fail_missing(field);
    }
    if (depth >= deepest_sequence) {
      sequence.fail_unsupported(field, "a sequence in a sequence");
    }
    for (const Json& part : *parts) {
      read(JsonObject(part, sequence.where()), depth + 1);
    }
  }

  void read_normalizer(const JsonObject& normalizer, int depth) {
    const std::string type = normalizer.required_text("type");
    if (type == "Sequence") {
      for_each_part(normalizer, "normalizers", depth,
                    [this](const JsonObject& part, int deeper) { read_normalizer(part, deeper); });
    } else if (type == "NFC") {
      split_.nfc = true;
    } else if (type == "Lowercase") {
      split_.lower_case = true;
    } else if (type == "Precompiled") {
      read_charsmap(normalizer);
    } else if (type == "Strip") {
      strips_right_ = strips_right_ || normalizer.boolean("strip_right").value_or(true);
    } else if (type == "Replace" && pattern_text(normalizer, "Regex") == " {2,}" &&
               (normalizer.text("content") == " " ||
                normalizer.text("content") == sentencepiece_space)) {
      split_.collapses_spaces = true;
    } else if (type == "Replace" && pattern_text(normalizer, "Regex") == R"(\s+)" &&
               normalizer.text("content") == " ") {
      collapses_white_space_ = true;
    } else if (type == "Prepend" && normalizer.text("prepend") == sentencepiece_space) {
      split_.prepends_space = true;
    } else if (type == "Replace" && pattern_text(normalizer, "String") == " " &&
               normalizer.text("content") == sentencepiece_space) {
      split_.marks_spaces = true;
    } else {
      normalizer.fail_unsupported("type", describe(normalizer, type));
    }
  }

  void read_splitter(const JsonObject& splitter, int depth) {
    const std::string type = splitter.required_text("type");
    if (split_.byte_level) {
      splitter.fail_unsupported("type", type + " behind ByteLevel");
    }
    if (type == "Sequence") {
      for_each_part(splitter, "pretokenizers", depth,
                    [this](const JsonObject& part, int deeper) { read_splitter(part, deeper); });
    } else if (type == "ByteLevel") {
      read_byte_level(splitter);
    } else if (type == "Split") {
      read_split(splitter);
    } else if (type == "Digits") {
      split_.patterns.emplace_back(
          splitter.boolean("individual_digits").value_or(false) ? R"(\p{N})" : R"(\p{N}+)");
    } else if (type == "Metaspace") {
      read_metaspace(splitter);
    } else if (type == "WhitespaceSplit" && !split_.charsmap.empty()) {
      // The rules that come with it leave no white space but spaces.
      split_.collapses_spaces = strips_right_ = true;
    } else {
      splitter.fail_unsupported("type", type);
    }
  }

  void read_byte_level(const JsonObject& splitter) {
    if (splitter.boolean("add_prefix_space").value_or(false)) {
      if (!split_.patterns.empty()) {
        splitter.fail_unsupported("add_prefix_space", "true behind another split");
      }
      split_.prepends_space = split_.prefix_unless_space = true;
    }
    if (splitter.boolean("use_regex").value_or(true)) {
      split_.patterns.emplace_back(gpt2_pattern);
    }
    split_.byte_level = true;
  }

  void read_split(const JsonObject& splitter) {
    const std::string behavior = splitter.required_text("behavior");
    const bool invert = splitter.boolean("invert").value_or(false);
    if (split_.marks_spaces && pattern_text(splitter, "String") == " ") {
      return;  // there are no spaces any more (Gemma)
    }
    if (behavior == "Removed" && invert &&
        pattern_text(splitter, "Regex").value_or("").ends_with(clip_pattern)) {
      split_.only_words = true;
    } else if (behavior != "Isolated") {
      // Isolated: matches and gaps are units both, so that `invert` changes nothing.
      splitter.fail_unsupported("behavior", behavior);
    }
    if (auto expression = pattern_text(splitter, "Regex")) {
      split_.patterns.push_back(std::move(*expression));
    } else if (auto text = pattern_text(splitter, "String"); text && !text->empty()) {
      split_.patterns.push_back(quote(*text));
    } else {
      splitter.fail_type("pattern", "a Regex or a String");
    }
  }

  void read_charsmap(const JsonObject& normalizer) {
    const auto map = decode_base64(normalizer.text("precompiled_charsmap").value_or(""));
    if (!map) {
      normalizer.fail_type("precompiled_charsmap", "bytes in base64");
    }
    split_.charsmap = *map;
  }

  // What these normalizers do only together is known.
  void check_spaces(const JsonObject& json) const {
    if (split_.collapses_spaces != strips_right_) {
      json.fail_unsupported("normalizer", split_.collapses_spaces
                                              ? "Replace of spaces without Strip on the right"
                                              : "Strip without Replace of spaces");
    }
    if (collapses_white_space_ && !split_.only_words) {
      json.fail_unsupported("normalizer", "Replace of white space, other than CLIP's");
    }
  }

  // The successor of the two normalizers.
  void read_metaspace(const JsonObject& splitter) {
    if (splitter.text("replacement") != sentencepiece_space) {
      splitter.fail_unsupported("replacement", splitter.text("replacement").value_or("(none)"));
    }
    split_.splits_words = splitter.boolean("split").value_or(true);
    split_.marks_spaces = true;
    // Before there were schemes, there was a switch.
    const bool prepends = splitter.boolean("add_prefix_space").value_or(true);
    const std::string scheme =
        splitter.text("prepend_scheme").value_or(prepends ? "always" : "never");
    if (scheme == "never" || split_.prepends_space) {
      return;
    }
    split_.prepends_space = split_.prefix_unless_space = true;
    split_.prefix_scope =
        scheme == "first" ? formats::PrefixScope::text_start : formats::PrefixScope::every_part;
  }

  static std::optional<std::string> pattern_text(const JsonObject& part, const char* kind) {
    const auto pattern = part.object("pattern");
    return pattern ? pattern->text(kind) : std::nullopt;
  }

  static std::string describe(const JsonObject& part, const std::string& type) {
    return type == "Prepend" || type == "Replace" ? fmt::format("{} {}", type, part.json().dump())
                                                  : type;
  }

  // Text as a PCRE2 expression that matches it.
  static std::string quote(const std::string& text) {
    std::string quoted;
    for (const char character : text) {
      const bool word = (character >= '0' && character <= '9') ||
                        (character >= 'A' && character <= 'Z') ||
                        (character >= 'a' && character <= 'z');
      // Only ASCII is special, and a backslash before a letter or digit would give it a meaning.
      if (!word && static_cast<unsigned char>(character) < 0x80) {
        quoted += '\\';
      }
      quoted += character;
    }
    return quoted;
  }

  TextSplit split_;
  bool strips_right_ = false;
  bool collapses_white_space_ = false;
};

}  // namespace

TextSplit read_text_split(const JsonObject& json) {
  return Reader().read(json);
}

}  // namespace crayon::importers
