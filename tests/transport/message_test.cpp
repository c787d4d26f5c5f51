// Messages and server-sent events: what needs no socket.
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/support.h"
#include "transport/http_message.h"
#include "transport/message_parser.h"
#include "transport/sigpipe.h"
#include "transport/sse.h"

namespace crayon::transport {
namespace {

using test::code_of;
using Status = MessageParser::Status;

/// What a parser has made of its input.
struct Seen {
  MessageHead head;
  std::string body;
  int heads = 0;
};

MessageParser::Hooks into(Seen& seen) {
  return {[&seen](const MessageHead& head) {
            seen.head = head;
            ++seen.heads;
            return MessageParser::AfterHead::read_body;
          },
          [&seen](std::string_view bytes) {
            seen.body.append(bytes);
            return true;
          }};
}

const std::string request =
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Long-Name: \t a value \r\nEmpty:\r\n"
    "Content-Length: 5\r\n\r\nhello";
const std::string reply =
    "HTTP/1.1 207 Multi Status\r\nTransfer-Encoding: "
    "chunked\r\n\r\n3;a=\"b\"\r\nhel\r\n02\r\nlo\r\n"
    "0\r\nTrailer: x\r\n\r\n";

void check_request(const Seen& seen) {
  EXPECT_EQ(seen.heads, 1);
  EXPECT_EQ(seen.head.method, "POST");
  EXPECT_EQ(seen.head.target, "/a?b=c");
  EXPECT_EQ(seen.head.content_length, 5u);
  EXPECT_TRUE(seen.head.keep_alive);
  const Headers headers = {
      {"Host", "h"}, {"X-Long-Name", "a value "}, {"Empty", ""}, {"Content-Length", "5"}};
  EXPECT_EQ(seen.head.headers, headers);
  EXPECT_EQ(seen.body, "hello");
}

void check_reply(const Seen& seen) {
  EXPECT_EQ(seen.heads, 1);
  EXPECT_EQ(seen.head.status, 207);
  EXPECT_FALSE(seen.head.content_length.has_value());
  EXPECT_EQ(seen.head.headers.size(), 1u);
  EXPECT_EQ(seen.body, "hello");
}

TEST(MessageParser, EverySplit) {
  for (const auto kind : {MessageParser::Kind::request, MessageParser::Kind::reply}) {
    const bool is_request = kind == MessageParser::Kind::request;
    const std::string& bytes = is_request ? request : reply;
    for (std::size_t first = 0; first < bytes.size(); ++first) {
      for (std::size_t second = first; second < bytes.size(); ++second) {
        Seen seen;
        MessageParser parser(kind, {}, into(seen));
        ASSERT_EQ(parser.feed(bytes.substr(0, first)).status, Status::more);
        ASSERT_EQ(parser.feed(bytes.substr(first, second - first)).status, Status::more);
        const MessageParser::Fed last = parser.feed(bytes.substr(second));
        ASSERT_EQ(last.status, Status::complete) << first << ' ' << second;
        ASSERT_EQ(last.used, bytes.size() - second);
        is_request ? check_request(seen) : check_reply(seen);
      }
    }
  }
}

TEST(MessageParser, OneMessageAtATime) {
  Seen seen;
  MessageParser parser(MessageParser::Kind::request, {}, into(seen));
  const std::string two = request + "GET / HTTP/1.1\r\n\r\n";
  const MessageParser::Fed first = parser.feed(two);
  EXPECT_EQ(first.status, Status::complete);
  EXPECT_EQ(first.used, request.size());
  parser.reset();
  EXPECT_FALSE(parser.started());
  const MessageParser::Fed second = parser.feed(std::string_view(two).substr(first.used));
  EXPECT_EQ(second.status, Status::complete);
  EXPECT_EQ(second.used, two.size() - request.size());
  EXPECT_EQ(seen.head.method, "GET");
}

TEST(MessageParser, TheEndOfTheConnectionCanEndAReply) {
  Seen seen;
  MessageParser parser(MessageParser::Kind::reply, {}, into(seen));
  EXPECT_EQ(parser.feed("HTTP/1.0 200 OK\r\n\r\nhel").status, Status::more);
  EXPECT_EQ(parser.feed("lo").status, Status::more);
  EXPECT_EQ(parser.finish(), Status::complete);
  EXPECT_EQ(seen.body, "hello");
  EXPECT_FALSE(seen.head.keep_alive);
}

TEST(MessageParser, HooksMayStopAndThrow) {
  MessageParser::Hooks hooks{[](const MessageHead&) { return MessageParser::AfterHead::stop; },
                             [](std::string_view) { return true; }};
  EXPECT_EQ(MessageParser(MessageParser::Kind::request, {}, hooks).feed(request).status,
            Status::stopped);
  hooks.on_head = [](const MessageHead&) { return MessageParser::AfterHead::read_body; };
  hooks.on_body = [](std::string_view) { return false; };
  EXPECT_EQ(MessageParser(MessageParser::Kind::request, {}, hooks).feed(request).status,
            Status::stopped);
  hooks.on_body = [](std::string_view) -> bool { throw std::logic_error("mine"); };
  MessageParser parser(MessageParser::Kind::request, {}, hooks);
  EXPECT_THROW(parser.feed(request), std::logic_error);
}

TEST(MessageParser, ControlCharactersAreRefused) {
  for (const char* field : {"A:\x1b[2J", "A: \x01", "A: b\x7f", "A: b\x1b", "A:\r\n \x1b"}) {
    Seen seen;
    MessageParser parser(MessageParser::Kind::request, {}, into(seen));
    EXPECT_EQ(parser.feed("GET / HTTP/1.1\r\n" + std::string(field) + "\r\n\r\n").status,
              Status::malformed)
        << field;
    EXPECT_NE(parser.reason(), nullptr);
    EXPECT_EQ(seen.heads, 0) << field;
  }
  for (const char* target : {"/\f", "/a\tb", "/\x1b", "/\x7f"}) {
    Seen seen;
    MessageParser parser(MessageParser::Kind::request, {}, into(seen));
    EXPECT_EQ(parser.feed("GET " + std::string(target) + " HTTP/1.1\r\n\r\n").status,
              Status::malformed);
    EXPECT_EQ(seen.heads, 0);
  }
}

TEST(MessageParser, NothingFollowsAConnect) {
  Seen seen;
  MessageParser parser(MessageParser::Kind::request, {}, into(seen));
  const std::string head = "CONNECT h:1 HTTP/1.1\r\nContent-Length: 18\r\n\r\n";
  EXPECT_EQ(parser.feed(head + "GET / HTTP/1.1\r\n\r\n").status, Status::complete);
  EXPECT_FALSE(seen.head.keep_alive);
}

TEST(MessageParser, AHeadThatIsRefusedIsNotKept) {
  Seen seen;
  MessageParser parser(MessageParser::Kind::request, {.header_bytes = 16}, into(seen));
  EXPECT_EQ(parser.feed("GET /" + std::string(1000, 'a') + " HTTP/1.1\r\n\r\n").status,
            Status::header_too_large);
  EXPECT_LE(parser.head().target.size(), 16u);
}

TEST(MessageParser, DamagedMessagesDoNoHarm) {
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    const bool is_request = random.below(2) == 0;
    std::string bytes = is_request ? request : reply;
    for (std::uint64_t i = 0; i <= random.below(4); ++i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    Seen seen;
    MessageParser parser(is_request ? MessageParser::Kind::request : MessageParser::Kind::reply,
                         {.header_bytes = 4096, .body_bytes = 4096}, into(seen));
    const std::size_t cut = random.below(bytes.size());
    if (parser.feed(bytes.substr(0, cut)).status == Status::more) {
      const MessageParser::Fed fed = parser.feed(bytes.substr(cut));
      ASSERT_LE(fed.used, bytes.size() - cut);
    }
    ASSERT_LE(seen.body.size(), bytes.size());
  }
}

TEST(Header, IsFoundWithoutCase) {
  const Headers headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(header(headers, "Content"), "");
  EXPECT_FALSE(equal_without_case("a[", "a{"));  // only letters have a case
}

std::vector<std::string> events_of(SseParser& parser, std::string_view bytes) {
  std::vector<std::string> events;
  parser.push(bytes, [&](std::string_view data) {
    events.emplace_back(data);
    return true;
  });
  return events;
}

using Events = std::vector<std::string>;

TEST(Sse, EverySplitAndLineEnd) {
  const std::string lines =
      ": a comment\nevent: x\ndata: one\n\ndata:two\ndata:  more\nid: 3\n\n:\n\ndata\n\n"
      "retry: 5\n\ndata: a:b\ndatum: no\n\ndata: unfinished";
  const Events expected = {"one", "two\n more", "", "a:b"};
  for (const std::string ending : {"\n", "\r", "\r\n"}) {
    std::string stream = "\xef\xbb\xbf";
    for (const char c : lines) {
      stream += c == '\n' ? ending : std::string(1, c);
    }
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      SseParser parser;
      Events events = events_of(parser, stream.substr(0, cut));
      for (const std::string& event : events_of(parser, stream.substr(cut))) {
        events.push_back(event);
      }
      ASSERT_EQ(events, expected) << cut;
    }
    SseParser parser;
    Events events;
    for (const char byte : stream) {
      for (const std::string& event : events_of(parser, {&byte, 1})) {
        events.push_back(event);
      }
    }
    EXPECT_EQ(events, expected);
  }
}

TEST(Sse, StopsWhenTold) {
  SseParser parser;
  int seen = 0;
  EXPECT_FALSE(parser.push("data: a\n\ndata: b\n\n", [&](std::string_view) {
    ++seen;
    return false;
  }));
  EXPECT_EQ(seen, 1);
}

TEST(Sse, Limit) {
  const std::string line = "data: 0123456789\n";  // 10 bytes of data
  SseParser enough(26);                           // a line of 16 while 10 wait
  EXPECT_EQ(events_of(enough, line + line + "\n"), Events{"0123456789\n0123456789"});
  SseParser one_too_few(25);
  EXPECT_EQ(code_of([&] { events_of(one_too_few, line + line + "\n"); }), Code::over_limit);
  SseParser endless(1000);
  EXPECT_EQ(code_of([&] {
              for (int i = 0; i < 2000; ++i) {
                events_of(endless, ":");
              }
            }),
            Code::over_limit);
  SseParser many(30);  // the limit is one event's, not the stream's
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(events_of(many, line + "\n").size(), 1u);
  }
}

TEST(Sse, WritesWhatItReads) {
  EXPECT_EQ(sse_event("{}"), "data: {}\n\n");
  SseParser parser;
  EXPECT_EQ(events_of(parser, sse_event(" x ") + sse_event("")), (Events{" x ", ""}));
  EXPECT_EQ(code_of([] { sse_event("a\ndata: b"); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { sse_event("a\rb"); }), Code::bad_argument);
}

TEST(SigpipeBlock, LeavesThingsAsTheyWere) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const SigpipeBlock block;
    pthread_kill(pthread_self(), SIGPIPE);  // would end the process
    const SigpipeBlock nested;
  }
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGPIPE), sigismember(&after, SIGPIPE));
}

}  // namespace
}  // namespace crayon::transport
