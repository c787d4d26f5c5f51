#include "train/tokens/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace crayon::train {
namespace {

using nlohmann::json;

constexpr std::uint64_t largest_header = 16 << 20;  // bytes: a million task names

/// The tensors in the order that they are written in: the widest first, so that all lie aligned.
/// `use(name, dtype, values)`.
template <typename AnyShard, typename Use>
void for_each_tensor(AnyShard& shard, const Use& use) {
  use("starts", "I64", shard.starts);
  use("ids", "I32", shard.ids);
  use("answers", "I32", shard.answers);
  use("tasks", "I32", shard.tasks);
}

/// A safetensors file whose tensors are known by name, each read once.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path), where_(path.string()) {
    read_header();
  }

  Shard read() {
    if (header_.size() != 5) {
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

  void read_header() {
    std::array<std::uint8_t, 8> prefix = {};
    file_.read_at(0, prefix);
    const auto size = load_le<std::uint64_t>(prefix.data());
    if (size > largest_header) {
      fail(fmt::format("a header of {} bytes", size));
    }
    if (size > file_.size() - prefix.size()) {
      throw Error(Code::truncated, where_ + " ends inside its header",
                  "copy or make the file again");
    }
    std::string text(size, '\0');
    file_.read_at(prefix.size(), as_writable_bytes(std::span(text)));
    header_ = json::parse(text, nullptr, false);
    if (!header_.is_object()) {
      fail("the header is not a JSON object");
    }
    data_ = prefix.size() + size;
  }

  const json& member(const json& object, const char* name) const {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found == object.end()) {
      fail(fmt::format("{} is missing", name));
    }
    return *found;
  }

  std::string_view text_of(const json& object, const char* name) const {
    const json& value = member(object, name);
    if (!value.is_string()) {
      fail(fmt::format("{} is not a string", name));
    }
    return value.get_ref<const std::string&>();
  }

  void read_metadata(Shard& shard) const {
    const json& metadata = member(header_, "__metadata__");
    const std::string_view size = text_of(metadata, "vocab_size");
    const auto [end, failure] =
        std::from_chars(size.data(), size.data() + size.size(), shard.vocab_size);
    if (failure != std::errc{} || end != size.data() + size.size()) {
      fail(fmt::format("vocab_size is {}", size));
    }
    const json names = json::parse(text_of(metadata, "task_names"), nullptr, false);
    if (!names.is_array() ||
        !std::ranges::all_of(names, [](const json& name) { return name.is_string(); })) {
      fail("task_names is not a list of strings");
    }
    shard.task_names = names.get<std::vector<std::string>>();
  }

  std::uint64_t number_of(const json& value, const char* name) const {
    const auto* number = value.get_ptr<const json::number_unsigned_t*>();
    if (number == nullptr) {
      fail(fmt::format("the shape or place of {} is no list of whole numbers", name));
    }
    return *number;
  }

  template <typename T>
  void read_tensor(const char* name, std::string_view dtype, std::vector<T>& values) const {
    const json& tensor = member(header_, name);
    if (text_of(tensor, "dtype") != dtype) {
      fail(fmt::format("{} is {}, not {}", name, text_of(tensor, "dtype"), dtype));
    }
    const json& shape = member(tensor, "shape");
    const json& place = member(tensor, "data_offsets");
    if (!shape.is_array() || shape.size() != 1 || !place.is_array() || place.size() != 2) {
      fail(fmt::format("{} is no vector", name));
    }
    const std::uint64_t count = number_of(shape[0], name);
    const std::uint64_t begin = number_of(place[0], name);
    const std::uint64_t end = number_of(place[1], name);
    const std::uint64_t held = file_.size() - data_;  // bytes behind the header
    if (end > held) {
      throw Error(Code::truncated, fmt::format("{} ends inside {}", where_, name),
                  "copy or make the file again");
    }
    if (begin > end || count != (end - begin) / sizeof(T) || (end - begin) % sizeof(T) != 0) {
      throw Error(Code::corrupt, fmt::format("{}: {} bytes hold no {} numbers of {}", where_,
                                             end - std::min(begin, end), count, name));
    }
    values.resize(count);
    file_.read_at(data_ + begin, as_writable_bytes(std::span(values)));
  }

  File file_;
  std::string where_;
  json header_;
  std::uint64_t data_ = 0;  // where the header ends
};

std::string header_of(const Shard& shard) {
  // Bytes that are not UTF-8 can stand in no JSON text: U+FFFD instead.
  const auto dump = [](const auto& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "crayon-tokens"},
                            {"task_names", dump(json(shard.task_names))},
                            {"vocab_size", std::to_string(shard.vocab_size)}};
  std::uint64_t offset = 0;
  for_each_tensor(shard, [&](const char* name, const char* dtype, const auto& values) {
    const std::uint64_t end = offset + std::span(values).size_bytes();
    header[name] = {{"dtype", dtype}, {"shape", {values.size()}}, {"data_offsets", {offset, end}}};
    offset = end;
  });
  std::string text = dump(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the format's way to align what follows
  return text;
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
  const std::string header = header_of(shard);
  std::array<std::uint8_t, 8> prefix = {};
  store_le<std::uint64_t>(prefix.data(), header.size());
  AtomicFile file(path);
  file.write(prefix);
  file.write(as_bytes(header));
  for_each_tensor(shard, [&](const char*, const char*, const auto& values) {
    file.write(as_bytes(std::span(values)));
  });
  file.commit();
}

}  // namespace crayon::train
