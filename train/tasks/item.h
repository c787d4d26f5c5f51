#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"

namespace crayon::train::tasks {

/// One multiple-choice question over a context that holds all that is needed to answer it.
struct Item {
  std::string context;
  std::string question;
  std::vector<std::string> choices;  ///< apart from each other
  std::size_t answer = 0;            ///< index into choices
};

/// Where an item's wording comes from: one seed, one sequence of items, on every machine. Two
/// throws never stand in one expression, whose order a compiler may choose.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// Uniform in [least, most].
  int between(int least, int most) {
    return least + static_cast<int>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
  }
  bool coin() { return random_.below(2) == 0; }

  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[random_.below(from.size())];
  }

  /// `count` different elements, in random order.
  template <typename T>
  std::vector<T> sample(std::vector<T> from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(from[i], from[i + random_.below(from.size() - i)]);
    }
    from.resize(count);
    return from;
  }

  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[random_.below(i)]);
    }
  }

 private:
  Random random_;
};

/// A question from its wording: {} or {0}, {1} stand for what is asked about.
template <typename... Things>
std::string ask(const std::string& form, const Things&... things) {
  return fmt::format(fmt::runtime(form), things...);
}

/// `count` numbers from 20 to 89 in random order, at most seven. No two share their tens, so the
/// first digit tells which is greater: small models learn that, and carry it to what is compared.
std::vector<int> spread_numbers(Dice& dice, std::size_t count);

/// A limit for a yes/no question about `value`, at least ten away from it.
int limit_beside(Dice& dice, int value, bool above);

/// Puts the right answer among the wrong ones in random order; wrong ones that equal it or each
/// other are left out.
Item make_item(Dice& dice, std::string context, std::string question, std::string right,
               std::vector<std::string> wrong);

/// The same for a yes/no question.
Item make_check(Dice& dice, std::string context, std::string question, bool yes);

}  // namespace crayon::train::tasks
