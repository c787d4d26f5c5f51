#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "transport/loop.h"

namespace crayon::transport {

class Reply;

/// The one way from other threads into a server's event loop: says which replies have news, and
/// that the server shall stop. Outlives the loop in the hands of replies; then it drops all.
class Mailbox {
 public:
  struct Mail {
    std::vector<std::shared_ptr<Reply>> replies;
    bool stop = false;
  };

  /// `on_mail` is called on the loop, with `owner` as its handle's data.
  void open(Loop& loop, void* owner, uv_async_cb on_mail);
  /// On the loop's thread. Lets go of the loop; safe to repeat.
  void close();

  void post(std::shared_ptr<Reply> reply);
  void post_stop();
  Mail take();

  void set_loop_thread(std::thread::id id) { loop_thread_ = id; }
  bool on_loop_thread() const { return loop_thread_.load() == std::this_thread::get_id(); }

 private:
  std::mutex mutex_;
  Handle<uv_async_t> async_;
  Mail mail_;
  std::atomic<std::thread::id> loop_thread_;
};

}  // namespace crayon::transport
