#include "tests/fuzz/files.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "formats/packer.h"

namespace crayon::fuzz {

MemoryFolder::MemoryFolder(std::initializer_list<const char*> names) {
  std::string pattern = (std::filesystem::temp_directory_path() / "crayon-fuzz-XXXXXX").string();
  require(::mkdtemp(pattern.data()) != nullptr, "there is room for a folder");
  path_ = pattern;
  for (const char* name : names) {
    const int descriptor = ::memfd_create(name, MFD_CLOEXEC);
    require(descriptor >= 0, "there is memory for a file");
    descriptors_.emplace(name, descriptor);
    std::filesystem::create_symlink(fmt::format("/proc/self/fd/{}", descriptor), path_ / name);
  }
}

MemoryFolder::~MemoryFolder() {
  for (const auto& [name, descriptor] : descriptors_) {
    ::close(descriptor);
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void MemoryFolder::write(const char* name, std::string_view content) const {
  const int descriptor = descriptors_.at(name);
  require(::ftruncate(descriptor, 0) == 0, "a file can be emptied");
  require(::pwrite(descriptor, content.data(), content.size(), 0) ==
              static_cast<ssize_t>(content.size()),
          "a file can be filled");
}

std::vector<std::string_view> parts_of(std::string_view input, std::size_t count) {
  std::vector<std::string_view> parts(count);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::size_t end = std::min(input.find('\0'), input.size());
    parts[i] = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  parts.back() = input;
  return parts;
}

bool is_about_files(Code code) {
  return code >= Code::truncated && static_cast<int>(code) < 400;
}

void read_tensors(const formats::ModelSource& model, const std::filesystem::path& file) {
  for (const formats::SourceTensor& tensor : model.tensors) {
    const std::uint64_t rows = tensor.shape.rows;
    const std::uint64_t cols = tensor.shape.cols;
    require(rows > 0 && cols > 0, "a tensor holds something");
    std::vector<float> row(cols);
    std::vector<float> all(rows * cols);
    read_or_refuse(file, [&] {
      tensor.read_rows(rows - 1, 1, row);
      tensor.read_rows(0, rows, all);
      const auto same = [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); };
      require(
          std::equal(row.begin(), row.end(), all.end() - static_cast<std::ptrdiff_t>(cols), same),
          "a row reads the same alone");
    });
  }
}

void check_adapter(const formats::AdapterSource& adapter, const formats::ModelConfig& base) {
  require(!adapter.factors.empty(), "an adapter has factors");
  for (const formats::SourceLora& factor : adapter.factors) {
    require(factor.layer < base.layers, "a factor's layer is the base's");
    require(factor.rank > 0 && factor.rank <= adapter.rank, "the adapter's rank is the largest");
    const formats::Shape shape = formats::projection_shape(base, factor.projection);
    require(factor.a.size() == factor.rank * shape.cols, "A fits the projection");
    require(factor.b.size() == factor.rank * shape.rows, "B fits the projection");
  }
}

}  // namespace crayon::fuzz
