#pragma once

#include <nlohmann/json.hpp>

namespace crayon::test {

/// A byte-level tokenizer.json of 8 tokens: "Ġ" "a" "b" "Ġa" "Ġab", then two added ones.
inline nlohmann::json byte_level_json() {
  return nlohmann::json::parse(R"({
    "added_tokens": [
      {"id": 5, "content": "<|im_end|>", "special": true},
      {"id": 6, "content": "<tool>", "special": false}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
    "post_processor": null,
    "model": {"type": "BPE",
      "vocab": {"\u0120": 0, "a": 1, "b": 2, "\u0120a": 3, "\u0120ab": 4},
      "merges": ["\u0120 a", "\u0120a b"]}})");
}

/// A byte_fallback tokenizer.json: <unk> <s> </s> <0x41> ▁ a b ▁a ab ▁ab.
inline nlohmann::json byte_fallback_json() {
  return nlohmann::json::parse(R"({
    "added_tokens": [
      {"id": 0, "content": "<unk>", "special": true},
      {"id": 1, "content": "<s>", "special": true},
      {"id": 2, "content": "</s>", "special": true}],
    "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "\u2581"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
    "pre_tokenizer": null,
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "model": {"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": "<unk>",
      "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "<0x41>": 3, "\u2581": 4, "a": 5, "b": 6,
                "\u2581a": 7, "ab": 8, "\u2581ab": 9},
      "merges": ["\u2581 a", "a b", "\u2581a b", "\u2581 ab"]}})");
}

}  // namespace crayon::test
