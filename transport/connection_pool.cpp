#include "transport/connection_pool.h"

#include <algorithm>
#include <utility>

namespace crayon::transport {

ConnectionPool::ConnectionPool(Loop& loop, std::size_t most, std::chrono::milliseconds idle_time)
    : loop_(loop),
      most_(most),
      idle_time_(static_cast<std::uint64_t>(std::max<std::int64_t>(0, idle_time.count()))) {}

void ConnectionPool::put(std::string key, std::shared_ptr<ByteStream> stream) {
  if (most_ == 0) {
    stream->close();
    return;
  }
  if (idle_.size() == most_) {
    end_oldest();
  }
  Idle& idle = idle_.emplace_back();
  idle.pool = this;
  idle.key = std::move(key);
  idle.stream = std::move(stream);
  idle.since = uv_now(loop_.get());
  idle.stream->set_owner(&idle);
  idle.stream->read();
  set_timer();
}

std::shared_ptr<ByteStream> ConnectionPool::take(const std::string& key) {
  for (auto idle = idle_.end(); idle != idle_.begin();) {
    --idle;
    if (idle->key != key) {
      continue;
    }
    const auto stream = std::move(idle->stream);
    idle = idle_.erase(idle);
    stream->set_owner(nullptr);
    if (!stream->has_unread()) {
      return stream;
    }
    stream->close();
  }
  return nullptr;
}

void ConnectionPool::clear() {
  while (!idle_.empty()) {
    end_oldest();
  }
  timer_.reset();
}

void ConnectionPool::drop(const Idle& idle) {
  const auto place =
      std::find_if(idle_.begin(), idle_.end(), [&](const Idle& one) { return &one == &idle; });
  const auto stream = std::move(place->stream);
  idle_.erase(place);
  stream->close();
}

void ConnectionPool::end_oldest() {
  idle_.front().stream->close();
  idle_.pop_front();
}

void ConnectionPool::set_timer() {
  if (!timer_) {
    timer_ = make_timer(loop_, this);
  }
  if (uv_is_active(reinterpret_cast<const uv_handle_t*>(timer_.get())) != 0) {
    return;
  }
  const std::uint64_t age = uv_now(loop_.get()) - idle_.front().since;
  const auto on_time = [](uv_timer_t* timer) {
    static_cast<ConnectionPool*>(timer->data)->on_timer();
  };
  // Only a timer without a callback fails.
  uv_timer_start(timer_.get(), on_time, idle_time_ - std::min(age, idle_time_), 0);
}

void ConnectionPool::on_timer() {
  const std::uint64_t now = uv_now(loop_.get());
  while (!idle_.empty() && now - idle_.front().since >= idle_time_) {
    end_oldest();
  }
  if (!idle_.empty()) {
    set_timer();
  }
}

}  // namespace crayon::transport
