#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crayon::generation {

/// Watches streamed text for the texts that end an answer. How the text is cut into pieces makes
/// no difference to what comes out.
class StopFilter {
 public:
  /// Throws bad_argument for an empty stop text.
  explicit StopFilter(std::vector<std::string> stops);

  /// The next piece of text in, what can be shown out; an end that may yet become a stop text is
  /// held back. After a stop text is complete (the one that ends first counts, and of those that
  /// end together the longest), nothing more comes out.
  std::string push(std::string_view text);
  /// What is held back, at the end of the text.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace crayon::generation
