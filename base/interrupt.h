#pragma once

#include <csignal>

namespace crayon {

/// While it lives, the first SIGINT or SIGTERM is remembered and ends nothing, so that a long run
/// can stop by itself and still say what it found; a second one ends the program as ever. One at a
/// time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool came();

 private:
  struct sigaction before_int_ = {};
  struct sigaction before_term_ = {};
};

}  // namespace crayon
