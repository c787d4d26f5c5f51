// The text files of a store: state.txt, NUL, deployment.txt, NUL, golden.txt, NUL, a key.
#include "formats/signature.h"
#include "store/deployment.h"
#include "store/state.h"
#include "tests/fuzz/files.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view input) {
  static const MemoryFolder folder({"state.txt", "deployment.txt", "golden.txt", "key"});
  const std::vector<std::string_view> parts = parts_of(input, 4);
  folder.write("state.txt", parts[0]);
  folder.write("deployment.txt", parts[1]);
  folder.write("golden.txt", parts[2]);
  folder.write("key", parts[3]);
  read_or_refuse(folder.path(), [&] { store::read_state(folder.path()); });
  read_or_refuse(folder.path(), [&] {
    const store::Deployment deployment = store::read_deployment(folder.path(), 1);
    require(deployment.find(store::model_role) != nullptr, "there is a model");
    require(deployment.golden.has_value(), "there is what it has to answer");
  });
  read_or_refuse(folder.path(), [&] {
    const store::Golden golden = store::read_golden(folder / "golden.txt");
    require(!golden.tokens.empty() && golden.seconds > 0, "there is something to wait for");
  });
  read_or_refuse(folder.path(), [&] { formats::read_public_key(folder / "key"); });
  read_or_refuse(folder.path(), [&] { formats::read_secret_key(folder / "key"); });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
