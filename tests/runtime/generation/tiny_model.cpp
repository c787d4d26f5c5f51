#include "tests/runtime/generation/tiny_model.h"

#include "formats/importers/importers.h"
#include "formats/packer.h"

namespace crayon::test {
namespace {

formats::Bundle pack_tiny(const std::filesystem::path& path) {
  formats::pack_model(importers::random_model("tiny", 1), {}, path, {});
  return formats::Bundle::open(path);
}

}  // namespace

TinyModel::TinyModel()
    : bundle_(pack_tiny(folder_ / "tiny.crayon")),
      model_(model::Model::load(bundle_, kernels::select(), pool_)),
      tokenizer_(*bundle_.info().tokenizer) {}

const TinyModel& TinyModel::get() {
  static const TinyModel tiny;
  return tiny;
}

std::unique_ptr<model::Session> TinyModel::session(std::uint32_t context) const {
  return std::make_unique<model::Session>(*model_, context, model_->default_kv());
}

}  // namespace crayon::test
