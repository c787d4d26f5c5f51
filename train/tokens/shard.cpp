#include "train/tokens/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/safetensors_header.h"

namespace crayon::train {
namespace {

using importers::SafetensorsEntry;
using importers::SafetensorsHeader;
using nlohmann::json;

/// The tensors in the order that they are written in: the widest first, so that all lie aligned.
/// `use(name, dtype, values)`.
template <typename AnyShard, typename Use>
void for_each_tensor(AnyShard& shard, const Use& use) {
  use("starts", "I64", shard.starts);
  use("ids", "I32", shard.ids);
  use("answers", "I32", shard.answers);
  use("tasks", "I32", shard.tasks);
}

/// A safetensors file whose tensors are known by name.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : file_(path), where_(path.string()), header_(importers::read_safetensors_header(file_)) {}

  Shard read() const {
    if (header_.tensors.size() != 4) {
      fail("it is not a token shard: it has other tensors");
    }
    Shard shard;
    read_metadata(shard);
    for_each_tensor(shard, [this](const char* name, const char* dtype, auto& values) {
      read_tensor(name, dtype, values);
    });
    check_shard(shard, where_);
    return shard;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::malformed, fmt::format("{}: {}", where_, what),
                "make shards with crayon-train encode");
  }

  const std::string& metadata(const char* name) const {
    const auto found = header_.metadata.find(name);
    if (found == header_.metadata.end()) {
      fail(fmt::format("{} is missing", name));
    }
    return found->second;
  }

  void read_metadata(Shard& shard) const {
    const std::string& size = metadata("vocab_size");
    const char* const last = size.data() + size.size();
    const auto [end, failure] = std::from_chars(size.data(), last, shard.vocab_size);
    if (failure != std::errc{} || end != last) {
      fail(fmt::format("vocab_size is {}", size));
    }
    const json names = json::parse(metadata("task_names"), nullptr, false);
    if (!names.is_array() ||
        !std::ranges::all_of(names, [](const json& name) { return name.is_string(); })) {
      fail("task_names is not a list of strings");
    }
    shard.task_names = names.get<std::vector<std::string>>();
  }

  template <typename T>
  void read_tensor(const char* name, std::string_view dtype, std::vector<T>& values) const {
    const auto found = std::ranges::find(header_.tensors, name, &SafetensorsEntry::name);
    if (found == header_.tensors.end()) {
      fail(fmt::format("{} is missing", name));
    }
    if (found->dtype != dtype || found->shape.size() != 1) {
      fail(fmt::format("{} is not a vector of {}", name, dtype));
    }
    values.resize(found->shape.front());
    file_.read_at(found->offset, as_writable_bytes(std::span(values)));
  }

  File file_;
  std::string where_;
  SafetensorsHeader header_;
};

SafetensorsHeader header_of(const Shard& shard) {
  // Bytes that are not UTF-8 can stand in no JSON text: U+FFFD instead.
  const std::string names =
      json(shard.task_names).dump(-1, ' ', false, json::error_handler_t::replace);
  SafetensorsHeader header;
  header.metadata = {{"format", "crayon-tokens"},
                     {"task_names", names},
                     {"vocab_size", std::to_string(shard.vocab_size)}};
  for_each_tensor(shard, [&](const char* name, const char* dtype, const auto& values) {
    header.tensors.push_back({.name = name, .dtype = dtype, .shape = {values.size()}});
  });
  return header;
}

}  // namespace

void check_shard(const Shard& shard, const std::string& where) {
  const auto fail = [&](const std::string& what) {
    throw Error(Code::corrupt, fmt::format("{}: {}", where, what), "encode the texts again");
  };
  const std::size_t examples = shard.answers.size();
  if (shard.starts.size() != examples + 1 || shard.tasks.size() != examples) {
    fail(fmt::format("{} starts, {} answers and {} tasks do not belong together",
                     shard.starts.size(), examples, shard.tasks.size()));
  }
  if (shard.starts.front() != 0 ||
      shard.starts.back() != static_cast<std::int64_t>(shard.ids.size())) {
    fail("starts does not span the ids");
  }
  for (std::size_t i = 0; i < examples; ++i) {
    if (shard.starts[i] < 0 || shard.starts[i] >= shard.starts[i + 1]) {
      fail(fmt::format("example {} spans {} to {}", i, shard.starts[i], shard.starts[i + 1]));
    }
    const std::int64_t length = shard.starts[i + 1] - shard.starts[i];
    if (shard.answers[i] < 0 || shard.answers[i] >= length) {
      fail(
          fmt::format("answers[{}] is {} in an example of {} tokens", i, shard.answers[i], length));
    }
    if (shard.tasks[i] < 0 || static_cast<std::size_t>(shard.tasks[i]) >= shard.task_names.size()) {
      fail(fmt::format("tasks[{}] is {}, and there are {} names", i, shard.tasks[i],
                       shard.task_names.size()));
    }
  }
  for (std::size_t i = 0; i < shard.ids.size(); ++i) {
    if (shard.ids[i] < 0 || static_cast<std::uint32_t>(shard.ids[i]) >= shard.vocab_size) {
      fail(fmt::format("ids[{}] is {} in a vocabulary of {}", i, shard.ids[i], shard.vocab_size));
    }
  }
}

Shard read_shard(const std::filesystem::path& path) {
  return Reader(path).read();
}

void write_shard(const Shard& shard, const std::filesystem::path& path) {
  check_shard(shard, path.string());
  AtomicFile file(path);
  file.write(as_bytes(importers::safetensors_prefix(header_of(shard))));
  for_each_tensor(shard, [&](const char*, const char*, const auto& values) {
    file.write(as_bytes(std::span(values)));
  });
  file.commit();
}

}  // namespace crayon::train
