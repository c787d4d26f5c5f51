#pragma once

#include <string>
#include <vector>

namespace crayon::cli {

// The parts that pages are made of. What takes `text` escapes it; what takes `html` does not.

/// A whole page that needs nothing else: its style is within, scripts and requests are forbidden.
std::string html_page(const std::string& title, const std::string& html);

/// "<tag class=style>text</tag>"; an empty style is left out.
std::string html_text(const std::string& tag, const std::string& style, const std::string& text);

/// A section with a heading; empty when there is nothing in it.
std::string html_section(const std::string& heading, const std::string& html);

/// A cell of a table.
struct HtmlCell {
  std::string html;
  bool is_number = false;  ///< and stands right
};
/// Cells that hold text.
HtmlCell text_cell(const std::string& text);
HtmlCell number_cell(const std::string& text);

/// A table that scrolls sideways where the page is too narrow for it.
std::string html_table(const std::vector<HtmlCell>& head,
                       const std::vector<std::vector<HtmlCell>>& rows);

/// How much of a whole something is, as a bar behind its number; 1 is all.
std::string html_share(double share);

}  // namespace crayon::cli
