#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/tokenizer/tokenizer.h"
#include "train/tokens/shard.h"

namespace crayon::train {

struct EncodeSettings {
  std::vector<std::uint32_t> chunks = {256};  ///< tokens of a text's examples, see Packer
  std::string chat_format = "plain";          ///< a preset: how a task item becomes a prompt
  std::uint64_t limit = UINT64_MAX;           ///< tokens of the whole shard
};

/// Encodes files into one shard.
class ShardBuilder {
 public:
  /// `tokenizer` must outlive the builder.
  ShardBuilder(const tokenizer::Tokenizer& tokenizer, EncodeSettings settings);

  /// Adds a file, see kind_of():
  ///  * a text: its documents, packed into chunks, all tokens to be learnt, under the file's name;
  ///  * a task file: each item as prompt and answer, see generation::answered_prompt(), under its
  ///    task's name or else the file's. An item without an answer is the error malformed.
  /// Stops, without an error, before the example with which the shard would pass its limit.
  void add(const std::filesystem::path& path);

  const Shard& shard() const { return shard_; }
  /// Whether the limit was met.
  bool full() const { return full_; }

 private:
  void add_text(const std::filesystem::path& path);
  void add_items(const std::filesystem::path& path);
  void add_example(std::span<const std::int32_t> prompt, std::span<const std::int32_t> answer,
                   std::int32_t task);
  std::int32_t index_of(const std::string& task);

  const tokenizer::Tokenizer& tokenizer_;
  EncodeSettings settings_;
  Shard shard_;
  std::unordered_map<std::string, std::int32_t> indices_;  // of task_names
  bool full_ = false;
};

}  // namespace crayon::train
