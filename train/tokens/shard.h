#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace crayon::train {

/// Examples as tokens, one behind the other: what a training run reads. At rest it is a
/// safetensors file with the tensors starts (I64),
/// ids, answers and tasks (I32), and, under __metadata__, task_names (JSON text) and vocab_size.
struct Shard {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> starts;  ///< [examples + 1] where each begins in ids; last: ids.size()
  /// [examples] index within the example of the answer's first token; 0: plain text, of which
  /// every token is to be learnt.
  std::vector<std::int32_t> answers;
  std::vector<std::int32_t> tasks;      ///< [examples] index into task_names
  std::vector<std::string> task_names;  ///< of each task in `tasks`
  std::uint32_t vocab_size = 0;         ///< every id is below it
};

/// Throws corrupt, in a sentence that begins with `where` and names the field and the example,
/// unless every number is in range, no example is empty and every answer lies in its example.
void check_shard(const Shard& shard, const std::string& where);

/// Throws what importers::read_safetensors_header() and check_shard() do, and malformed for a
/// file that is not a shard.
Shard read_shard(const std::filesystem::path& path);

/// Writes the file whole or not at all. Throws as check_shard, and what writing throws.
void write_shard(const Shard& shard, const std::filesystem::path& path);

}  // namespace crayon::train
