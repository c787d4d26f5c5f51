#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/eval/accuracy.h"
#include "runtime/eval/examiner.h"
#include "runtime/hybrid/router.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::vector<std::string> files;
  std::string by = "auto";
  std::size_t limit = 0;
  std::string shots;
  std::string items;
  eval::ExamOptions exam;
  HybridOptions hybrid;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
};

/// An item's answer, the local one or the remote's.
struct Outcome {
  eval::Answered local;
  std::string predicted;
  bool correct = false;
  bool remote = false;
  bool too_long = false;  ///< for the local model
  double score = 0;       ///< the plain one: confidence, or the choice's probability
};

eval::AnswerBy by_of(const std::string& name) {
  if (name == "choices") {
    return eval::AnswerBy::choices;
  }
  return name == "text" ? eval::AnswerBy::text : eval::AnswerBy::automatic;
}

/// A router's signal, as the examiner has it.
std::optional<double> score_of(const hybrid::Signal& signal, const Outcome& outcome) {
  const eval::Signals& known = outcome.local.signals;
  const std::map<std::string_view, std::optional<double>> scores = {
      {"scope", known.scope},
      {"probe", known.probe},
      {"first_entropy", -known.first_entropy},
      {"first_margin", known.first_margin},
      {"least_log_probability", known.least_log_probability},
      {"window_log_probability", known.window_log_probability},
      {"confidence", outcome.score}};
  const auto found = scores.find(signal.name);
  return found == scores.end() ? std::nullopt : found->second;
}

/// The items of all files, at most `limit` of a task. One without a task has its file's name.
std::vector<eval::TaskItem> read_items(const std::vector<std::string>& files, std::size_t limit) {
  std::vector<eval::TaskItem> items;
  std::map<std::string, std::size_t> counts;
  for (const std::string& file : files) {
    for (eval::TaskItem& item : eval::read_task_file(file)) {
      if (item.task.empty()) {
        item.task = std::filesystem::path(file).stem().string();
      }
      if (limit == 0 || counts[item.task]++ < limit) {
        items.push_back(std::move(item));
      }
    }
  }
  return items;
}

/// "FILE" or "FILE:K": all items of the file, or the first K.
std::vector<eval::TaskItem> read_shots(const std::string& argument) {
  if (argument.empty()) {
    return {};
  }
  const std::size_t colon = argument.rfind(':');
  const char* const end = argument.data() + argument.size();
  std::size_t count = 0;
  const bool counted = colon != std::string::npos && colon + 1 < argument.size() &&
                       std::from_chars(argument.data() + colon + 1, end, count).ptr == end;
  std::vector<eval::TaskItem> shots =
      eval::read_task_file(counted ? argument.substr(0, colon) : argument);
  if (counted && count < shots.size()) {
    shots.resize(count);
  }
  return shots;
}

/// Puts items to the local model, and to the remote one those that its router offloads.
class Exam {
 public:
  Exam(const Engine& engine, context::Pot& pot, const Options& options)
      : options_(options),
        ask_(to_ask_options(options.hybrid)),
        client_(to_client_options(options.hybrid.tls)),
        examiner_(engine.model(), engine.tokenizer(), pot, engine.adapters(),
                  read_shots(options.shots), options.exam) {
    if (const auto& routing = engine.adapters().routing) {
      router_ = hybrid::Router::calibrated(*routing);
    }
  }

  Outcome ask(const eval::TaskItem& item) {
    Outcome outcome = ask_local(item);
    if (offloads(outcome)) {
      ask_remote(item, outcome);
    }
    return outcome;
  }

 private:
  /// An item that is too long for the model is one that it cannot answer.
  Outcome ask_local(const eval::TaskItem& item) {
    Outcome outcome;
    try {
      outcome.local = examiner_.ask(item);
    } catch (const Error& error) {
      if (error.code() != Code::context_full) {
        throw;
      }
      outcome.too_long = true;
      return outcome;
    }
    const eval::Signals& signals = outcome.local.signals;
    outcome.score = signals.option.value_or(std::exp(signals.mean_log_probability));
    outcome.predicted = outcome.local.text;
    outcome.correct = outcome.local.correct;
    return outcome;
  }

  bool offloads(const Outcome& outcome) const {
    if (options_.hybrid.remote.url.empty() || ask_.route == hybrid::Route::local) {
      return false;
    }
    if (ask_.route == hybrid::Route::remote || outcome.too_long) {
      return true;
    }
    if (ask_.threshold || !router_) {
      return !(outcome.score >= ask_.threshold.value_or(hybrid::default_threshold));
    }
    return std::ranges::any_of(router_->rules(), [&](const hybrid::Rule& rule) {
      const auto score = score_of(*rule.signal, outcome);
      return score && !(*score >= rule.threshold);
    });
  }

  /// A remote that fails leaves the local answer as it is. The examples stay here.
  void ask_remote(const eval::TaskItem& item, Outcome& outcome) {
    transport::ChatRequest request;
    request.model = options_.hybrid.remote.model;
    request.messages = {{.role = "user", .content = item.content()}};
    request.max_tokens = options_.exam.max_tokens;
    request.stop = {"\n"};
    const hybrid::RemoteAnswer answer = hybrid::ask_remote(
        client_, options_.hybrid.remote, request, hybrid::Deadline(ask_.deadline), nullptr, {});
    if (answer.failure.empty()) {
      outcome.remote = true;
      outcome.predicted = answer.text;
      outcome.correct = eval::same_answer(answer.text, item.answer);
    }
  }

  const Options& options_;
  const hybrid::AskOptions ask_;
  transport::Client client_;
  eval::Examiner examiner_;
  std::optional<hybrid::Router> router_;  // what the adapter was calibrated to
};

/// One line for every item: what was answered, and what a router could have gone by.
class ItemFile {
 public:
  explicit ItemFile(const std::string& path) {
    if (!path.empty()) {
      file_.emplace(path);
    }
  }

  void add(const eval::TaskItem& item, const Outcome& outcome) {
    if (!file_) {
      return;
    }
    const eval::Signals& signals = outcome.local.signals;
    Json line = {{"task", item.task},
                 {"correct", outcome.correct},
                 {"predicted", outcome.predicted},
                 {"answer", item.answer},
                 {"route", outcome.remote ? "remote" : "local"},
                 {"score", outcome.score},
                 {"first_entropy", signals.first_entropy},
                 {"first_margin", signals.first_margin},
                 {"mean_log_probability", signals.mean_log_probability},
                 {"least_log_probability", signals.least_log_probability},
                 {"window_log_probability", signals.window_log_probability}};
    if (signals.scope) {
      line["scope"] = *signals.scope;
    }
    if (signals.probe) {
      line["probe"] = *signals.probe;
    }
    if (signals.option) {
      line["option"] = *signals.option;
    }
    if (!outcome.local.blend.weights.empty()) {
      line["blend"] = outcome.local.blend.weights;
    }
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    file_->write(as_bytes(text));
  }

  void finish() {
    if (file_) {
      file_->commit();
    }
  }

 private:
  std::optional<AtomicFile> file_;
};

void report(const std::vector<eval::TaskScore>& scores, const Common& common) {
  const double mean = eval::mean_accuracy(scores);
  if (common.json) {
    Json tasks = Json::array();
    for (const eval::TaskScore& score : scores) {
      tasks.push_back({{"task", score.task},
                       {"n", score.items},
                       {"accuracy", score.accuracy()},
                       {"stderr", score.standard_error()}});
    }
    print_json({{"tasks", tasks}, {"mean", mean}});
    return;
  }
  for (const eval::TaskScore& score : scores) {
    print(fmt::format("{:<28} {:>6}  {:.4f} +- {:.4f}\n", score.task, score.items, score.accuracy(),
                      score.standard_error()));
  }
  print(fmt::format("{:<28} {:>6}  {:.4f}\n", "mean of tasks", scores.size(), mean));
}

Exit evaluate(const Options& options, const Common& common) {
  const std::vector<eval::TaskItem> items = read_items(options.files, options.limit);
  const Engine engine(options.model, options.engine);
  const auto session = engine.bare_session(options.session);
  context::Pot pot(engine.model(), *session, to_pot_options(options.distill, engine.tokenizer()));
  Exam exam(engine, pot, options);
  ItemFile lines(options.items);
  std::vector<eval::TaskScore> scores;
  std::size_t remote = 0;
  std::size_t too_long = 0;
  {
    Progress progress("asking", "items");
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Outcome outcome = exam.ask(items[i]);
      eval::count(scores, items[i].task, outcome.correct);
      lines.add(items[i], outcome);
      remote += outcome.remote ? 1 : 0;
      too_long += outcome.too_long ? 1 : 0;
      progress.update(i + 1, items.size());
    }
  }
  lines.finish();
  report(scores, common);
  if (too_long != 0) {
    note(
        fmt::format("{} of {} items are too long for a context of {}: the model cannot answer them",
                    too_long, items.size(), session->context()));
  }
  if (!options.hybrid.remote.url.empty()) {
    note(fmt::format("{} of {} answers are the remote's", remote, items.size()));
  }
  return Exit::ok;
}

}  // namespace

Action declare_eval(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command
      .add_option("TASKS", options->files,
                  "JSONL files with questions and answers: {\"task\", \"context\", \"question\", "
                  "\"choices\", \"answer\"} a line")
      .required();
  command
      .add_option("--by", options->by,
                  "choices: the likeliest of them; text: what the model says; auto: choices where "
                  "there are some")
      .one_of({"auto", "choices", "text"})
      .show_default();
  command.add_option("--limit", options->limit, "Items of each task at most; 0: all")
      .show_default();
  command
      .add_option("--shots", options->shots,
                  "Examples with answers, from a JSONL file, that stand before each question: all "
                  "of them or the first K")
      .value_name("FILE[:K]");
  command.add_option("--items", options->items,
                     "JSONL file to write: each item's answer and the signals a router could use");
  command
      .add_option("-n,--max-tokens", options->exam.max_tokens,
                  "Tokens of an answer by text at most")
      .show_default();
  add_hybrid_options(command, options->hybrid);
  add_answering_options(command, options->engine, options->session, options->distill);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] {
    options->exam.by = by_of(options->by);
    return evaluate(*options, common);
  };
}

}  // namespace crayon::cli
