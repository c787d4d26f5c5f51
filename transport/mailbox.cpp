#include "transport/mailbox.h"

#include <utility>

#include "transport/reply.h"

namespace crayon::transport {

void Mailbox::open(Loop& loop, void* owner, uv_async_cb on_mail) {
  const std::lock_guard lock(mutex_);
  async_ = make_async(loop, owner, on_mail);
}

void Mailbox::close() {
  const Mail dropped = take();  // freed without the lock: the last owner of a reply may be here
  const std::lock_guard lock(mutex_);
  async_.reset();
}

void Mailbox::post(std::shared_ptr<Reply> reply) {
  const std::lock_guard lock(mutex_);
  if (async_) {
    mail_.replies.push_back(std::move(reply));
    uv_async_send(async_.get());
  }
}

void Mailbox::post_stop() {
  const std::lock_guard lock(mutex_);
  if (async_) {
    mail_.stop = true;
    uv_async_send(async_.get());
  }
}

Mailbox::Mail Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(mail_, {});
}

}  // namespace crayon::transport
