#pragma once

#include <utility>

#include "base/error.h"
#include "crayon/crayon.h"

namespace crayon::c_api {

/// What the exception at hand is to a caller in C.
crayon_code report(crayon_error* error) noexcept;

/// Runs the body of a function of the C interface: no exception comes out of it.
template <typename Body>
crayon_code guarded(crayon_error* error, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return CRAYON_OK;
  } catch (...) {
    return report(error);
  }
}

/// Calls what a caller gave; an exception becomes an Error of the code callback.
template <typename Callback>
int call_back(Callback&& callback) {
  try {
    return std::forward<Callback>(callback)();
  } catch (...) {
    throw Error(Code::callback, "a callback threw an exception",
                "catch it within the callback, and return a number that stops");
  }
}

}  // namespace crayon::c_api
