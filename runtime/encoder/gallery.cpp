#include "runtime/encoder/gallery.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/bytes.h"
#include "base/error.h"
#include "formats/packer.h"
#include "formats/quantize.h"
#include "kernels/kernel_set.h"
#include "runtime/model/weight_loader.h"
#include "runtime/model/weight_plan.h"

namespace crayon::encoder {

formats::Hash write_gallery(const formats::GalleryInfo& gallery, std::span<const float> embeddings,
                            const GalleryEncoder& encoder, const std::filesystem::path& path) {
  const std::size_t images = gallery.names.size();
  if (images == 0) {
    throw Error(Code::bad_argument, "a gallery without an image", "name a folder that has images");
  }
  const std::size_t dim = embeddings.size() / images;
  std::vector<std::int8_t> numbers(embeddings.size());
  std::vector<float> scales;  // [images]
  for (std::size_t image = 0; image < images; ++image) {
    scales.push_back(formats::quantize_row_i8(embeddings.subspan(image * dim, dim),
                                              std::span(numbers).subspan(image * dim, dim)));
  }
  formats::BundleWriter writer(path, formats::BundleKind::gallery);
  writer.begin_tensor(std::string(formats::embeddings), formats::Dtype::i8, {images, dim});
  writer.write(as_bytes(std::span<const std::int8_t>(numbers)));
  writer.write(as_bytes(std::span<const float>(scales)));
  formats::BundleInfo info;
  info.provenance = formats::packed_provenance(
      {.source = encoder.path, .source_hash = "", .tool = "", .licence = ""});
  info.base = encoder.id;
  info.gallery = gallery;
  return writer.finish(std::move(info));
}

const formats::GalleryInfo& gallery_info(const formats::Bundle& bundle) {
  if (bundle.info().kind != formats::BundleKind::gallery) {
    throw Error(Code::bad_argument,
                fmt::format("{} is of the kind {}, not a gallery", bundle.path().string(),
                            formats::kind_name(bundle.info().kind)),
                "name what `crayon index` made");
  }
  return *bundle.info().gallery;
}

Gallery::Gallery(const formats::Bundle& bundle, const model::Compute& compute)
    : info_(gallery_info(bundle)), compute_(compute) {
  base_ = *bundle.info().base;
  const model::WeightPlan plan(bundle.info(), compute.kernels->layout);
  packed_ = model::load_packed(bundle, plan, compute);
  const formats::TensorEntry& stored = plan.tensors().front().stored;
  matrix_ = model::Matrix(stored.dtype, stored.shape, compute.kernels->layout, packed_.span());
  scratch_ = {model::QuantizedScratch(1, dim()), {}};
}

std::vector<float> Gallery::cosines(std::span<const float> query) {
  if (query.size() != dim()) {
    throw Error(Code::bad_shape,
                fmt::format("a vector of {} numbers for a gallery of {}", query.size(), dim()),
                "use the encoder that the gallery was made with");
  }
  std::vector<float> cosines(size());
  const model::LinearMap map{&matrix_, nullptr, cosines.data()};
  model::apply({{&map, 1}, {}, query.data(), 1}, {}, scratch_, compute_);
  return cosines;
}

std::vector<Hit> Gallery::search(std::span<const float> query, std::size_t most) {
  const std::vector<float> all = cosines(query);
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  most = std::min(most, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
      [&](std::size_t a, std::size_t b) { return all[a] != all[b] ? all[a] > all[b] : a < b; });
  std::vector<Hit> hits;
  for (std::size_t i = 0; i < most; ++i) {
    hits.push_back({order[i], all[order[i]]});
  }
  return hits;
}

}  // namespace crayon::encoder
