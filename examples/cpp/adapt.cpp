// Adapts a model to a task from a handful of examples, and answers questions about it.
//
//   adapt MODEL POOL EXAMPLES ADAPTER [SOCKET]
//
// EXAMPLES has a JSON object a line, {"context": ..., "question": ...}, of which `context` may be
// missing. POOL's adapters are blended for what they are about into one, which is written to
// ADAPTER. Then each line that comes in, of the same form, is answered by a line {"answer": ...,
// ...}: from standard input, or from the clients of the unix socket SOCKET, one after the other.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "handles.h"

namespace {

using Json = nlohmann::json;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// What a line asks, as a user would say it. Throws Json::exception.
std::string question_of(const std::string& line) {
  const Json object = Json::parse(line);
  const std::string context = object.value("context", "");
  const std::string question = object.at("question").get<std::string>();
  return context.empty() ? question : context + "\n" + question;
}

std::vector<std::string> read_questions(const char* path) {
  std::ifstream file(path);
  std::vector<std::string> questions;
  for (std::string line; std::getline(file, line);) {
    questions.push_back(question_of(line));
  }
  if (!file.eof()) {
    throw std::runtime_error(std::string("cannot read ") + path);
  }
  return questions;
}

/// Blends the pool for the questions, and tells on standard error how.
Adapter blend(crayon_pool* pool, const std::vector<std::string>& questions) {
  std::vector<crayon_example> examples;
  for (const std::string& question : questions) {
    examples.push_back({.question = question.c_str(), .answer = nullptr});
  }
  std::size_t size = 0;
  call(crayon_pool_get_size, pool, &size);
  std::vector<float> weights(size);
  auto adapter = open<Adapter>(crayon_pool_blend, pool, examples.data(), examples.size(), nullptr,
                               weights.data());
  for (std::size_t i = 0; i < size; ++i) {
    char name[64];
    call(crayon_pool_get_name, pool, i, name, sizeof name);
    std::fprintf(stderr, "%-20s %.3f\n", name, static_cast<double>(weights[i]));
  }
  return adapter;
}

Json ask(crayon_assistant* assistant, const std::string& question) {
  const crayon_turn turn{.role = "user", .content = question.c_str()};
  auto answer = sized<crayon_answer>();
  char* text = nullptr;
  call(crayon_assistant_ask, assistant, &turn, 1, nullptr, nullptr, nullptr, &text, &answer);
  const Text owner(text);
  return {{"answer", text},
          {"route", answer.route == CRAYON_ROUTE_REMOTE ? "remote" : "local"},
          {"score", answer.score}};
}

/// What goes wrong with one line is its answer, and the next one is read.
Json reply(crayon_assistant* assistant, const std::string& line) {
  try {
    return ask(assistant, question_of(line));
  } catch (const Failure& failure) {
    return {{"error", failure.what()}, {"code", crayon_code_name(failure.code())}};
  } catch (const Json::exception& exception) {
    return {{"error", exception.what()}, {"code", crayon_code_name(CRAYON_MALFORMED)}};
  }
}

/// Answers lines until there are no more, or nobody reads what is answered.
void serve(crayon_assistant* assistant, std::FILE* in, std::FILE* out) {
  char* line = nullptr;
  std::size_t capacity = 0;
  for (ssize_t length; (length = getline(&line, &capacity, in)) > 0;) {
    const std::string text = reply(assistant, std::string(line, length))
                                 .dump(-1, ' ', false, Json::error_handler_t::replace);
    if (std::fprintf(out, "%s\n", text.c_str()) < 0 || std::fflush(out) != 0) {
      break;
    }
  }
  std::free(line);
}

[[noreturn]] void throw_system_error(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int listen_at(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) {
    throw std::runtime_error(std::string("too long for a socket: ") + path);
  }
  std::strcpy(address.sun_path, path);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unlink(path);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 8) != 0) {
    throw_system_error(path);
  }
  return listener;
}

[[noreturn]] void serve_clients(crayon_assistant* assistant, const char* path) {
  std::signal(SIGPIPE, SIG_IGN);  // a client that is gone is no reason to end
  const int listener = listen_at(path);
  std::fprintf(stderr, "listening at %s\n", path);
  for (;;) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {
      throw_system_error("accept");
    }
    const File in(fdopen(client, "r"));
    const File out(fdopen(dup(client), "w"));
    if (!in || !out) {
      throw_system_error("a client");
    }
    serve(assistant, in.get(), out.get());
  }
}

void run(int argc, char** argv) {
  const auto runtime = open<Runtime>(crayon_runtime_open, nullptr);
  const auto model = open<Model>(crayon_model_open, runtime.get(), argv[1], nullptr);
  const auto pool = open<Pool>(crayon_pool_open, model.get(), argv[2]);
  const Adapter adapter = blend(pool.get(), read_questions(argv[3]));
  call(crayon_adapter_save, adapter.get(), argv[4]);

  const crayon_attached attached{.adapter = adapter.get(), .scale = 1};
  auto options = sized<crayon_assistant_options>();
  options.adapters = &attached;
  options.adapter_count = 1;
  const auto assistant = open<Assistant>(crayon_assistant_open, model.get(), &options);
  if (argc == 6) {
    serve_clients(assistant.get(), argv[5]);
  }
  serve(assistant.get(), stdin, stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "usage: adapt MODEL POOL EXAMPLES ADAPTER [SOCKET]\n";
    return 2;
  }
  try {
    run(argc, argv);
    return 0;
  } catch (const Failure& failure) {
    std::cerr << "adapt: " << failure.what() << "\n  hint: " << failure.hint() << "\n";
  } catch (const std::exception& exception) {
    std::cerr << "adapt: " << exception.what() << "\n";
  }
  return 1;
}
