#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "formats/bundle.h"

namespace crayon::cli {

/// A name and what stands behind it.
using DescriptionRow = std::pair<std::string, std::string>;

// What `crayon info` says of encoders and galleries.
std::vector<DescriptionRow> encoder_rows(const formats::BundleInfo& info);
Json encoder_json(const formats::BundleInfo& info);
std::vector<DescriptionRow> gallery_rows(const formats::GalleryInfo& gallery);
Json gallery_json(const formats::GalleryInfo& gallery);

}  // namespace crayon::cli
