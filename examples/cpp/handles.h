// Crayon's handles as C++ has them: closed when they go out of scope, and failures thrown.
#ifndef HANDLES_H
#define HANDLES_H

#include <crayon/crayon.h>

#include <memory>
#include <stdexcept>
#include <string>

/// What a function of Crayon has to say about its failure.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const crayon_error& error)
      : std::runtime_error(error.message), code_(error.code), hint_(error.hint) {}

  crayon_code code() const { return code_; }
  const std::string& hint() const { return hint_; }

 private:
  crayon_code code_;
  std::string hint_;
};

/// Closes with the function `Close`. A handle at work cannot be closed, which cannot happen to one
/// that is owned by the scope which uses it.
template <auto Close>
struct Closer {
  void operator()(auto* handle) const { Close(handle); }
};

using Runtime = std::unique_ptr<crayon_runtime, Closer<crayon_runtime_close>>;
using Model = std::unique_ptr<crayon_model, Closer<crayon_model_close>>;
using Pool = std::unique_ptr<crayon_pool, Closer<crayon_pool_close>>;
using Adapter = std::unique_ptr<crayon_adapter, Closer<crayon_adapter_close>>;
using Assistant = std::unique_ptr<crayon_assistant, Closer<crayon_assistant_close>>;
using Text = std::unique_ptr<char, Closer<crayon_text_free>>;

/// A struct of Crayon that knows its size, with all else 0.
template <class Struct>
Struct sized() {
  Struct value{};
  value.size = sizeof value;
  return value;
}

/// Calls `function(arguments..., &error)` and throws what it reports.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  auto error = sized<crayon_error>();
  if (function(arguments..., &error) != CRAYON_OK) {
    throw Failure(error);
  }
}

/// The same for a function that gives a `Handle` in its last argument but the error.
template <class Handle, class Function, class... Arguments>
Handle open(Function function, Arguments... arguments) {
  typename Handle::pointer handle = nullptr;
  call(function, arguments..., &handle);
  return Handle(handle);
}

#endif
