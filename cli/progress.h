#pragma once

#include <cstdint>
#include <string>

namespace crayon::cli {

/// A bar with rate and remaining time on standard error. Silent unless that is a terminal;
/// without colour when NO_COLOR is set (https://no-color.org).
class Progress {
 public:
  /// "packing [====>     ] 45 %  3.1 M weights/s  0:02 left": `label` and `unit` are its words.
  Progress(std::string label, std::string unit);
  /// Wipes the bar, so that the next line starts clean.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done, std::uint64_t total);

 private:
  std::string label_;
  std::string unit_;
  bool shown_ = false;
  bool terminal_;
  bool colour_;
  double started_;
  double drawn_ = 0;  ///< when the bar was last drawn
};

}  // namespace crayon::cli
