// Questions, their routes, and how they end.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/c_api/api.h"

namespace crayon::test {
namespace {

using Assistants = WithModel;

/// A port where somebody listens who never answers.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, any, size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Silence() {
    ::close(socket_);
    if (guest_ >= 0) {
      ::close(guest_);
    }
  }
  /// Until somebody has come, who then waits for ever.
  void wait_for_somebody() { guest_ = ::accept(socket_, nullptr, nullptr); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  int guest_ = -1;
  std::uint16_t port_ = 0;
};

TEST_F(Assistants, PiecesAreTheAnswer) {
  crayon_assistant* assistant = open_assistant();
  const crayon_turn turns[] = {{"system", "Be short."}, {"user", "What is the pressure?"}};
  std::string pieces;
  const auto add = [](void* user, const crayon_piece* piece) {
    EXPECT_EQ(piece->route, CRAYON_ROUTE_LOCAL);
    static_cast<std::string*>(user)->append(piece->text, piece->length);
    return 0;
  };
  char* text = nullptr;
  auto answer = sized<crayon_answer>();
  EXPECT_WELL(
      crayon_assistant_ask(assistant, turns, 2, nullptr, add, &pieces, &text, &answer, nullptr));
  EXPECT_EQ(pieces.substr(pieces.find_first_not_of(' ')), text);
  EXPECT_EQ(answer.route, CRAYON_ROUTE_LOCAL);
  EXPECT_EQ(answer.asked_remote, 0);
  EXPECT_STREQ(answer.reason, "no remote");
  EXPECT_GT(answer.prompt_tokens, 0u);
  EXPECT_GT(answer.completion_tokens, 0u);
  crayon_text_free(text);
  EXPECT_WELL(crayon_assistant_close(assistant));
}

TEST_F(Assistants, SeveralThreadsGetTheAnswersThatOneGets) {
  auto options = sized<crayon_assistant_options>();
  options.sequences = 3;
  options.context = 256;
  crayon_pool* pool = open_pool();
  options.pool = pool;
  crayon_assistant* assistant = open_assistant(&options);
  EXPECT_WELL(crayon_pool_close(pool));  // which the assistant holds on to
  const char* const questions[] = {"What is the pressure?", "Are there enough plugs?",
                                   "Who is on watch?"};
  std::vector<std::string> alone;
  for (const char* question : questions) {
    alone.push_back(ask(assistant, question));
  }
  std::vector<std::string> together(3);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] { together[i] = ask(assistant, questions[i]); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(together, alone);
  EXPECT_WELL(crayon_assistant_close(assistant));
}

TEST_F(Assistants, ADeadRemoteGivesTheLocalAnswerAndTheReason) {
  std::string dead;
  {
    const Silence gone;
    dead = gone.url();
  }
  std::vector<std::string> lines;
  auto logging = sized<crayon_runtime_options>();
  logging.log = [](void* user, std::int32_t level, const char* line) {
    static_cast<std::vector<std::string>*>(user)->push_back(std::to_string(level) + " " + line);
  };
  logging.log_user = &lines;
  crayon_runtime* own = nullptr;
  crayon_model* loaded = nullptr;
  crayon_assistant* assistant = nullptr;
  EXPECT_WELL(crayon_runtime_open(&logging, &own, nullptr));
  EXPECT_WELL(
      crayon_model_open(own, example("models/device.crayon").c_str(), nullptr, &loaded, nullptr));
  auto options = sized<crayon_assistant_options>();
  options.remote_url = dead.c_str();
  options.attempts = 1;
  EXPECT_WELL(crayon_assistant_open(loaded, &options, &assistant, nullptr));
  const crayon_turn turn{"user", "What is the pressure?"};
  auto how = sized<crayon_ask_options>();
  how.route = CRAYON_ROUTE_REMOTE;
  auto answer = sized<crayon_answer>();
  char* text = nullptr;
  EXPECT_WELL(
      crayon_assistant_ask(assistant, &turn, 1, &how, nullptr, nullptr, &text, &answer, nullptr));
  EXPECT_EQ(answer.route, CRAYON_ROUTE_LOCAL);
  EXPECT_EQ(answer.asked_remote, 1);
  EXPECT_STREQ(answer.reason, "connection refused");
  EXPECT_STRNE(text, "");
  crayon_text_free(text);
  EXPECT_WELL(crayon_assistant_close(assistant));
  EXPECT_WELL(crayon_model_close(loaded));
  EXPECT_WELL(crayon_runtime_close(own));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back().substr(0, 31), "2 answered by the local model: ");
}

TEST_F(Assistants, ASwitchEndsTheWaitForARemote) {
  Silence silence;
  const std::string url = silence.url();
  auto options = sized<crayon_assistant_options>();
  options.remote_url = url.c_str();
  crayon_assistant* assistant = open_assistant(&options);
  crayon_cancel* cancel = nullptr;
  EXPECT_WELL(crayon_cancel_open(runtime, &cancel, nullptr));
  auto generate = sized<crayon_generate_options>();
  generate.cancel = cancel;
  auto how = sized<crayon_ask_options>();
  how.route = CRAYON_ROUTE_REMOTE;
  how.deadline_ms = 24 * 60 * 60 * 1000;  // it would not end by itself
  how.generate = &generate;
  auto answer = sized<crayon_answer>();
  std::thread asking([&] {
    const crayon_turn turn{"user", "What is the pressure?"};
    EXPECT_WELL(crayon_assistant_ask(assistant, &turn, 1, &how, nullptr, nullptr, nullptr, &answer,
                                     nullptr));
  });
  silence.wait_for_somebody();
  EXPECT_WELL(crayon_cancel_set(cancel, 1));
  asking.join();
  // What there is: the local answer, whole or not, which was being made meanwhile.
  EXPECT_EQ(answer.route, CRAYON_ROUTE_LOCAL);
  EXPECT_NE(answer.finish, CRAYON_FINISH_LENGTH);
  EXPECT_WELL(crayon_cancel_close(cancel));
  EXPECT_WELL(crayon_assistant_close(assistant));
}

TEST_F(Assistants, ASwitchThatIsOnEndsTheNextCalls) {
  crayon_cancel* cancel = nullptr;
  EXPECT_WELL(crayon_cancel_open(runtime, &cancel, nullptr));
  EXPECT_WELL(crayon_cancel_set(cancel, 1));
  crayon_session* session = open_session();
  auto options = sized<crayon_generate_options>();
  options.cancel = cancel;
  options.ignore_end = 1;
  auto done = sized<crayon_generation>();
  EXPECT_WELL(crayon_session_generate(session, "The pump", &options, nullptr, nullptr, nullptr,
                                      &done, nullptr));
  EXPECT_EQ(done.finish, CRAYON_FINISH_CANCELLED);
  EXPECT_WELL(crayon_cancel_set(cancel, 0));
  EXPECT_WELL(crayon_session_clear(session, nullptr));
  options.max_tokens = 4;
  EXPECT_WELL(crayon_session_generate(session, "The pump", &options, nullptr, nullptr, nullptr,
                                      &done, nullptr));
  EXPECT_EQ(done.tokens, 4u);
  EXPECT_WELL(crayon_session_close(session));
  EXPECT_WELL(crayon_cancel_close(cancel));
}

TEST_F(Assistants, WrongRemotesAreSaidAtOnce) {
  auto options = sized<crayon_assistant_options>();
  crayon_assistant* assistant = nullptr;
  options.remote_url = "gopher://nowhere";
  EXPECT_EQ(crayon_assistant_open(model, &options, &assistant, nullptr), CRAYON_BAD_ARGUMENT);
  options.remote_url = "http://127.0.0.1:9";
  options.https_proxy = "socks5://nowhere";
  EXPECT_EQ(crayon_assistant_open(model, &options, &assistant, nullptr), CRAYON_BAD_ARGUMENT);
  const char* const one[] = {"my wage"};
  options.https_proxy = nullptr;
  options.never = one;
  options.never_count = 1;  // topics take two
  EXPECT_EQ(crayon_assistant_open(model, &options, &assistant, nullptr), CRAYON_BAD_ARGUMENT);
}

}  // namespace
}  // namespace crayon::test
