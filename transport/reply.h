#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "transport/http_server.h"
#include "transport/mailbox.h"

namespace crayon::transport {

class Connection;

/// What a request says about the form of its reply.
struct ReplyForm {
  bool head_only = false;   ///< HEAD: the head as for GET, but no body
  bool may_chunk = true;    ///< false for HTTP/1.0
  bool keep_alive = false;  ///< the connection may carry another request
};

/// A reply between the thread that makes it and the connection that sends it. Bytes wait here
/// until the loop takes them; how many is bounded for every thread but the loop's.
class Reply : public std::enable_shared_from_this<Reply> {
 public:
  Reply(std::shared_ptr<Mailbox> mailbox, Connection* connection, const ReplyForm& form);

  // From any thread; see Responder.
  void send_whole(int status, std::string_view content_type, std::string_view body);
  void start(int status, std::string_view content_type);
  bool write(std::string_view bytes);
  void finish();
  bool gone() const;
  /// Nobody is left to finish it.
  void abandon();

  // On the loop.
  struct Parcel {
    std::string bytes;    ///< the next to send
    bool last = false;    ///< nothing will follow
    bool broken = false;  ///< abandoned before its end: the peer must see that
    bool keep_alive = false;
  };
  Parcel take();
  /// `size` bytes of a parcel have left.
  void sent(std::size_t size);
  /// The head, if it is not out yet, shall announce the connection's end.
  void forbid_keep_alive();
  /// The connection has sent it all, and goes on without it.
  void release() { connection_ = nullptr; }
  /// The connection has gone.
  void detach();
  Connection* connection() const { return connection_; }

 private:
  enum class Stage { fresh, started, finished, abandoned };

  void require(Stage stage, const char* call) const;
  void push(std::string_view bytes);
  void push_chunk(std::string_view bytes);
  void notify();

  const std::shared_ptr<Mailbox> mailbox_;
  Connection* connection_;  // belongs to the loop's thread; null once it has gone

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  ReplyForm form_;
  Stage stage_ = Stage::fresh;
  bool chunked_ = false;
  bool no_body_ = false;
  bool gone_ = false;
  bool notified_ = false;      // in the mailbox already
  std::string waiting_;        // not yet taken by the loop
  std::size_t in_flight_ = 0;  // taken, not yet sent
};

/// What the handler gets. When the last copy goes unfinished, so does the connection.
class ReplyResponder final : public Responder {
 public:
  explicit ReplyResponder(std::shared_ptr<Reply> reply) : reply_(std::move(reply)) {}
  ~ReplyResponder() override { reply_->abandon(); }
  ReplyResponder(const ReplyResponder&) = delete;
  ReplyResponder& operator=(const ReplyResponder&) = delete;

  void reply(int status, std::string_view content_type, std::string body) override {
    reply_->send_whole(status, content_type, body);
  }
  void start(int status, std::string_view content_type) override {
    reply_->start(status, content_type);
  }
  bool write(std::string_view bytes) override { return reply_->write(bytes); }
  void finish() override { reply_->finish(); }
  bool gone() const override { return reply_->gone(); }

 private:
  std::shared_ptr<Reply> reply_;
};

}  // namespace crayon::transport
