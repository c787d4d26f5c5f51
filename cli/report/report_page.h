#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/report/report_comparison.h"
#include "cli/report/saved_report.h"

namespace crayon::cli {

/// One or two reports as a page that stands alone: their figures, what they say of the machine and,
/// of long runs, charts over time; of two first what differs and what of it is more than noise. No
/// text of theirs is anything but text there.
std::string report_page(const std::vector<SavedReport>& reports,
                        const std::optional<ReportComparison>& comparison);

}  // namespace crayon::cli
