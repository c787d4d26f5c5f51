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

/// Like T5's: <pad> </s> <unk> ▁a b a▁b.
inline nlohmann::json unigram_json() {
  return nlohmann::json::parse(R"({
    "added_tokens": [
      {"id": 0, "content": "<pad>", "special": true},
      {"id": 1, "content": "</s>", "special": true},
      {"id": 2, "content": "<unk>", "special": true}],
    "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Strip", "strip_left": false, "strip_right": true},
      {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}]},
    "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": true,
      "prepend_scheme": "always"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "</s>", "type_id": 0}}]},
    "model": {"type": "Unigram", "unk_id": 2,
      "vocab": [["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["\u2581a", -1.5], ["b", -2],
                ["a\u2581b", -3]]}})");
}

/// Like CLIP's: a b</w> ab</w>, the byte 0xE9, <s> and <e>.
inline nlohmann::json clip_json() {
  return nlohmann::json::parse(R"({
    "added_tokens": [
      {"id": 4, "content": "<s>", "special": true},
      {"id": 5, "content": "<e>", "special": true}],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"},
      {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
      {"type": "Lowercase"}]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "behavior": "Removed", "invert": true, "pattern": {"Regex":
        "<s>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"}},
      {"type": "ByteLevel", "add_prefix_space": false}]},
    "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 4], "sep": ["<e>", 5]},
    "model": {"type": "BPE", "unk_token": "<e>", "end_of_word_suffix": "</w>",
      "vocab": {"a": 0, "b</w>": 1, "ab</w>": 2, "\u00e9": 3, "<s>": 4, "<e>": 5},
      "merges": ["a b</w>"]}})");
}

}  // namespace crayon::test
