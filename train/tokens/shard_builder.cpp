#include "train/tokens/shard_builder.h"

#include <string_view>
#include <utility>

#include "base/error.h"
#include "runtime/eval/task_file.h"
#include "runtime/generation/answer_tokens.h"
#include "train/tokens/documents.h"
#include "train/tokens/packer.h"
#include "train/tokens/text_input.h"

namespace crayon::train {

ShardBuilder::ShardBuilder(const tokenizer::Tokenizer& tokenizer, EncodeSettings settings)
    : tokenizer_(tokenizer), settings_(std::move(settings)) {
  shard_.starts = {0};
  shard_.vocab_size = static_cast<std::uint32_t>(tokenizer.data().pieces.size());
}

void ShardBuilder::add(const std::filesystem::path& path) {
  if (kind_of(path) == InputKind::text) {
    add_text(path);
  } else {
    add_items(path);
  }
}

void ShardBuilder::add_text(const std::filesystem::path& path) {
  const std::int32_t task = index_of(name_of(path));
  // Where an answer would begin is 0: the text is the prompt of nothing.
  Packer packer(tokenizer_, settings_.chunks,
                [&](std::span<const std::int32_t> tokens) { add_example({}, tokens, task); });
  for_each_document(path, [&](std::string_view text, bool last) {
    packer.add(tokenizer_.encode(text, {.add_bos = false}), last);
    return !full_;
  });
  packer.finish();
}

void ShardBuilder::add_items(const std::filesystem::path& path) {
  LineReader reader(path);
  for (std::string line; !full_ && reader.next(line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    const eval::TaskItem item = eval::parse_task_item(line, reader.where());
    if (item.answer.empty()) {
      throw Error(Code::malformed, reader.where() + ": there is no \"answer\"",
                  "training needs one for every question");
    }
    const generation::AnsweredPrompt tokens = generation::answered_prompt(
        item.content(), item.answer, formats::chat_preset(settings_.chat_format), tokenizer_);
    add_example(tokens.prompt, tokens.answer,
                index_of(item.task.empty() ? name_of(path) : item.task));
  }
}

void ShardBuilder::add_example(std::span<const std::int32_t> prompt,
                               std::span<const std::int32_t> answer, std::int32_t task) {
  const std::size_t size = prompt.size() + answer.size();
  full_ = full_ || shard_.ids.size() + size > settings_.limit;
  if (full_) {
    return;
  }
  shard_.ids.insert(shard_.ids.end(), prompt.begin(), prompt.end());
  shard_.ids.insert(shard_.ids.end(), answer.begin(), answer.end());
  shard_.starts.push_back(static_cast<std::int64_t>(shard_.ids.size()));
  shard_.answers.push_back(static_cast<std::int32_t>(prompt.size()));
  shard_.tasks.push_back(task);
}

std::int32_t ShardBuilder::index_of(const std::string& task) {
  const auto [entry, is_new] =
      indices_.try_emplace(task, static_cast<std::int32_t>(shard_.task_names.size()));
  if (is_new) {
    shard_.task_names.push_back(task);
  }
  return entry->second;
}

}  // namespace crayon::train
