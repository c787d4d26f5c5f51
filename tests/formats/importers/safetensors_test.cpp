#include "formats/importers/safetensors.h"

#include <bit>
#include <cmath>

#include "base/half.h"
#include "formats/importers/importers.h"
#include "formats/importers/safetensors_header.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using test::ByteWriter;
using test::code_of;
using test::SafetensorsWriter;

class Safetensors : public testing::Test {
 protected:
  std::filesystem::path write(ByteSpan bytes, const std::string& name = "model.safetensors") {
    test::write_file(folder_ / name, bytes);
    return folder_ / name;
  }
  Code failure(ByteSpan bytes, std::string* sentence = nullptr) {
    const auto path = write(bytes);
    return code_of([&] { SafetensorsFile{path}; }, sentence);
  }
  Code header_failure(const std::string& header, std::string* sentence = nullptr) {
    return failure(SafetensorsWriter().with_header(header), sentence);
  }

  test::TempDir folder_;
};

TEST_F(Safetensors, ChannelScalesAreVectorsOfTheModelsSizes) {
  formats::ModelConfig config;
  config.layers = 1;
  config.dim = config.hidden_dim = 2;
  config.heads = config.kv_heads = 1;
  config.head_dim = 2;
  const auto code = [&](const std::string& name, const std::vector<std::uint64_t>& shape,
                        const std::vector<float>& values) {
    SafetensorsWriter writer;
    for (const std::string place : {"qkv", "o", "gate_up", "down"}) {
      const std::string full = "layers.0." + place + "_scales";
      const bool changed = full == name;
      writer.add_f32(full, changed ? shape : std::vector<std::uint64_t>{2},
                     changed ? values : std::vector<float>{1, 2});
    }
    const auto path = write(writer.bytes());
    return code_of([&] { import_channel_scales(path, config); });
  };
  const auto path = write(SafetensorsWriter().bytes());
  EXPECT_EQ(code_of([&] { import_channel_scales(path, config); }), Code::missing_tensor);
  EXPECT_EQ(code("layers.0.o_scales", {3}, {1, 1, 1}), Code::corrupt);
  EXPECT_EQ(code("layers.0.o_scales", {2}, {1, -1}), Code::corrupt);
  EXPECT_EQ(code("layers.0.o_scales", {2, 1}, {1, 1}), Code::corrupt);
  EXPECT_EQ(code("layers.0.o_scales", {0, std::uint64_t{1} << 59}, {}), Code::corrupt);
}

TEST_F(Safetensors, ReadsEveryTypeByRows) {
  SafetensorsWriter writer;
  ByteWriter half;
  ByteWriter brain;
  std::vector<float> values;
  for (int i = 0; i < 12; ++i) {
    values.push_back(static_cast<float>(i) / 4 - 1);
    half.put(f32_to_f16(values.back()));
    brain.put(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(values.back()) >> 16));
  }
  writer.header["__metadata__"] = {{"format", "pt"}};
  writer.add_f32("single", {4, 3}, values);
  writer.add("half", "F16", {4, 3}, half.bytes());
  writer.add("brain", "BF16", {4, 3}, brain.bytes());
  writer.add_f32("scalar", {}, std::vector<float>{7});
  writer.add_f32("vector", {2}, std::vector<float>{8, 9});
  const auto file = std::make_shared<const SafetensorsFile>(write(writer.bytes()));
  int matrices = 0;
  for (const RawTensor& tensor : raw_tensors(file)) {
    if (tensor.name == "scalar" || tensor.name == "vector") {
      EXPECT_EQ(tensor.shape, (formats::Shape{1, tensor.name == "scalar" ? 1u : 2u}));
      continue;
    }
    ++matrices;
    ASSERT_EQ(tensor.shape, (formats::Shape{4, 3})) << tensor.name;
    for (std::uint64_t row = 0; row < 4; ++row) {
      std::vector<float> out(3);
      tensor.read_rows(row, 1, out);
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * 3);
      EXPECT_EQ(out, std::vector<float>(begin, begin + 3)) << tensor.name << " row " << row;
    }
    EXPECT_EQ(code_of([&] {
                std::vector<float> out(6);
                tensor.read_rows(3, 2, out);
              }),
              Code::corrupt);
  }
  EXPECT_EQ(matrices, 3);
}

TEST_F(Safetensors, RefusesOtherTypesByName) {
  SafetensorsWriter writer;
  writer.add("quantised", "I8", {2}, std::vector<std::uint8_t>(2));
  const auto file = std::make_shared<const SafetensorsFile>(write(writer.bytes()));
  std::string sentence;
  EXPECT_EQ(code_of([&] { raw_tensors(file).at(0).check(); }, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("quantised is I8"), std::string::npos);
  EXPECT_EQ(header_failure(R"({"t":{"dtype":"Q9","shape":[0],"data_offsets":[0,0]}})"),
            Code::unsupported);
}

TEST_F(Safetensors, RefusesHolesOverlapsAndBytesBehind) {
  const std::vector<float> two = {1, 2};
  SafetensorsWriter good;
  good.add_f32("a", {2}, two);
  good.add_f32("b", {2}, two);
  EXPECT_NO_THROW(SafetensorsFile{write(good.bytes())});
  SafetensorsWriter overlap = good;
  overlap.header["b"]["data_offsets"] = {4, 12};
  EXPECT_EQ(failure(overlap.bytes()), Code::corrupt);
  SafetensorsWriter hole = good;
  hole.header["a"]["data_offsets"] = {0, 4};
  hole.header["a"]["shape"] = {1};
  EXPECT_EQ(failure(hole.bytes()), Code::corrupt);
  SafetensorsWriter behind = good;
  behind.header.erase("b");
  EXPECT_EQ(failure(behind.bytes()), Code::corrupt);
  SafetensorsWriter size = good;
  size.header["a"]["shape"] = {3};
  EXPECT_EQ(failure(size.bytes()), Code::corrupt);
  SafetensorsWriter reversed = good;
  reversed.header["a"]["data_offsets"] = {8, 0};
  EXPECT_EQ(failure(reversed.bytes()), Code::corrupt);
}

TEST_F(Safetensors, RefusesBadHeaders) {
  EXPECT_EQ(header_failure("[]"), Code::malformed);
  EXPECT_EQ(header_failure("{"), Code::malformed);
  EXPECT_EQ(header_failure(R"({"t":1})"), Code::malformed);
  EXPECT_EQ(header_failure(R"({"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}})"),
            Code::malformed);
  EXPECT_EQ(header_failure(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0]}})"),
            Code::malformed);
  EXPECT_EQ(header_failure(R"({"t":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}})"),
            Code::malformed);
  EXPECT_EQ(header_failure(
                R"({"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})"),
            Code::corrupt);
  EXPECT_EQ(header_failure(std::string(1000, '[')), Code::malformed);
  EXPECT_EQ(header_failure(R"({"__metadata__":[]})"), Code::malformed);
  EXPECT_EQ(header_failure(R"({"__metadata__":{"format":1}})"), Code::malformed);
  std::string sentence;
  EXPECT_EQ(header_failure(R"({"t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)"
                           R"("t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                           &sentence),
            Code::malformed);
  EXPECT_NE(sentence.find("twice"), std::string::npos);
  ByteWriter huge;
  huge.put<std::uint64_t>(100'000'001);
  EXPECT_EQ(failure(huge.bytes()), Code::over_limit);
}

TEST_F(Safetensors, APrefixIsReadAsTheHeaderThatItWasMadeOf) {
  SafetensorsHeader header;
  header.metadata = {{"format", "pt"}};
  header.tensors.push_back({.name = "scalar", .dtype = "I64", .shape = {}});
  header.tensors.push_back({.name = "none", .dtype = "F32", .shape = {0, 3}});
  header.tensors.push_back({.name = "cube", .dtype = "BF16", .shape = {2, 1, 3}});
  const std::string prefix = safetensors_prefix(header);
  EXPECT_EQ(prefix.size() % 8, 0u);
  const File file(write(as_bytes(prefix + std::string(8 + 12, 'x'))));
  const SafetensorsHeader read = read_safetensors_header(file);
  EXPECT_EQ(read.metadata, header.metadata);
  ASSERT_EQ(read.tensors.size(), 3u);
  std::uint64_t offset = prefix.size();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.tensors[i].name, header.tensors[i].name);
    EXPECT_EQ(read.tensors[i].shape, header.tensors[i].shape);
    EXPECT_EQ(read.tensors[i].offset, offset);
    offset += read.tensors[i].bytes;
  }
  EXPECT_EQ(offset, file.size());
}

TEST_F(Safetensors, EveryTruncationIsAnError) {
  SafetensorsWriter writer;
  writer.add_f32("a", {2, 3}, std::vector<float>(6, 1.0f));
  writer.add_f32("b", {4}, std::vector<float>(4, 2.0f));
  const std::vector<std::uint8_t> bytes = writer.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(failure(ByteSpan(bytes).first(size)), Code::truncated) << size;
  }
}

TEST_F(Safetensors, EveryCorruptedByteIsAnErrorOrAFile) {
  SafetensorsWriter writer;
  writer.add_f32("a", {2, 3}, std::vector<float>(6, 1.0f));
  writer.add_f32("b", {4}, std::vector<float>(4, 2.0f));
  std::vector<std::uint8_t> bytes = writer.bytes();
  const std::size_t header = bytes.size() - 40;
  int refused = 0;
  for (std::size_t i = 0; i < header; ++i) {
    for (const int flip : {0x01, 0x02, 0x04, 0x80, 0xff}) {
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
      try {
        for (const RawTensor& tensor :
             raw_tensors(std::make_shared<const SafetensorsFile>(write(bytes)))) {
          std::vector<float> out(tensor.shape.rows * tensor.shape.cols);
          tensor.read_rows(0, tensor.shape.rows, out);
        }
      } catch (const Error&) {
        ++refused;
      }
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
    }
  }
  EXPECT_GT(refused, 300);
}

class ShardedSafetensors : public Safetensors {
 protected:
  ShardedSafetensors() {
    SafetensorsWriter first;
    first.add_f32("a", {1}, std::vector<float>{1});
    SafetensorsWriter second;
    second.add_f32("b", {1}, std::vector<float>{2});
    write(first.bytes(), "one.safetensors");
    write(second.bytes(), "two.safetensors");
  }
  void write_index(const nlohmann::json& weight_map) {
    test::write_json(folder_ / "model.safetensors.index.json", {{"weight_map", weight_map}});
  }
  Code open_failure(std::string* sentence = nullptr) {
    return code_of([&] { open_safetensors_model(folder_.path()); }, sentence);
  }
};

TEST_F(ShardedSafetensors, ReadsAllShards) {
  write_index({{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  const SafetensorsModel model = open_safetensors_model(folder_.path());
  ASSERT_EQ(model.tensors.size(), 2u);
  EXPECT_EQ(model.files.size(), 2u);
  float value = 0;
  model.tensors[1].read_rows(0, 1, {&value, 1});
  EXPECT_EQ(value, 2);
}

TEST_F(ShardedSafetensors, RefusesAnIndexThatDoesNotFit) {
  EXPECT_EQ(open_failure(), Code::not_found);
  std::string sentence;
  write_index({{"a", "one.safetensors"}, {"c", "two.safetensors"}});
  EXPECT_EQ(open_failure(&sentence), Code::missing_tensor);
  EXPECT_NE(sentence.find("tensor c"), std::string::npos) << sentence;
  write_index({{"a", "one.safetensors"}, {"b", "three.safetensors"}});
  EXPECT_EQ(open_failure(), Code::not_found);
  for (const char* outside : {"../one.safetensors", "/etc/passwd", "..", ""}) {
    write_index({{"a", outside}});
    EXPECT_EQ(open_failure(), Code::malformed) << outside;
  }
  SafetensorsWriter again;
  again.add_f32("a", {1}, std::vector<float>{1});
  write(again.bytes(), "two.safetensors");
  write_index({{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  EXPECT_EQ(open_failure(), Code::malformed);
}

}  // namespace
}  // namespace crayon::importers
