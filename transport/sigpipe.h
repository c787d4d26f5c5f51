#pragma once

#include <csignal>

namespace crayon::transport {

/// Keeps SIGPIPE from this thread while it lives. libuv 1.44 writes with writev(), which cannot
/// ask for MSG_NOSIGNAL, and the signal's default action ends the process. The kernel sends it to
/// the writing thread only, so no other thread's signals are touched, nor the process' handlers.
class SigpipeBlock {
 public:
  SigpipeBlock();
  ~SigpipeBlock();
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;

 private:
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace crayon::transport
