#include "tests/store/board.h"

#include <fmt/format.h>

#include "base/thread_pool.h"
#include "formats/packer.h"
#include "kernels/kernel_set.h"
#include "runtime/model/image.h"
#include "runtime/model/model.h"
#include "tests/formats/bundle_samples.h"

namespace crayon::test {

using formats::Bundle;

Publisher::Publisher() : key_(formats::make_secret_key()) {
  for (std::uint64_t number = 1; number <= models; ++number) {
    const std::filesystem::path path = model(number);
    formats::pack_model(sample_model(number), {.weights = formats::Dtype::i8}, path, {});
    formats::pack_adapter(sample_adapter("a", number), Bundle::open(path), adapter(number));
    formats::sign_bundle(path, path, key_, number);
    formats::sign_bundle(adapter(number), adapter(number), key_, number);
  }
  formats::pack_adapter(sample_adapter("b", 9), Bundle::open(model(2)), other_adapter());
  formats::sign_bundle(other_adapter(), other_adapter(), key_, 1);
}

std::filesystem::path Publisher::model(std::uint64_t number) const {
  return dir_ / fmt::format("release{}.crayon", number);
}

std::filesystem::path Publisher::adapter(std::uint64_t model_number) const {
  const std::filesystem::path folder = dir_ / fmt::format("for{}", model_number);
  std::filesystem::create_directories(folder);
  return folder / "mine.crayon";
}

formats::Hash Publisher::model_id(std::uint64_t number) const {
  return Bundle::open(model(number)).id();
}

const Publisher& publisher() {
  static const Publisher one;
  return one;
}

store::Needs no_needs(const Bundle&) {
  return {};
}

void no_progress(const std::string&, std::uint64_t, std::uint64_t) {}

std::vector<float> answer_of(const std::filesystem::path& path) {
  ThreadPool pool(3);
  const Bundle bundle = Bundle::open(path);
  const auto model = model::Model::load(bundle, kernels::select(), pool);
  model::Session session(*model, 8, model->default_kv());
  const std::vector<formats::Token> prompt = {0, 1, 2};
  std::vector<float> logits(model->config().vocab_size);
  model->forward(session, prompt, model::Logits::last, logits);
  return logits;
}

void check_health(const store::Deployment& deployment) {
  const std::filesystem::path path = deployment.file(store::model_role);
  const Bundle bundle = Bundle::open(path);
  if (model::image_state(bundle, kernels::select()) != "fits") {
    ThreadPool pool(2);
    model::write_image(bundle, {&kernels::select(), &pool});
  }
  (void)answer_of(path);
}

void update(const std::filesystem::path& root, const std::vector<std::filesystem::path>& bundles,
            bool move) {
  store::Store store(root);
  store::Request request;
  for (const std::filesystem::path& bundle : bundles) {
    request.bundles.push_back({bundle, move});
  }
  store.activate(store.install(request, no_needs, no_progress).number, check_health);
}

void prepare_board(const std::filesystem::path& root) {
  store::Store(root).trust(publisher().key().public_key());
  update(root, {publisher().model(1)});
  update(root, {publisher().model(2), publisher().adapter(2)});
}

}  // namespace crayon::test
