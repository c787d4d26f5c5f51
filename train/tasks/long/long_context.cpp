#include "train/tasks/long/long_context.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

namespace crayon::train::tasks {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Every byte beyond ASCII is taken for a letter.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string pairs_of(const std::vector<std::string>& keys, const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    text += (i == 0 ? "" : ", ") + keys[i] + " " + values[i];
  }
  return text;
}

std::string list_of(const std::vector<std::string>& keys) {
  std::string text = keys.front();
  for (std::size_t i = 1; i < keys.size(); ++i) {
    text += (i + 1 == keys.size() ? " and " : ", ") + keys[i];
  }
  return text;
}

}  // namespace

std::size_t count_pieces(std::string_view text) {
  std::size_t count = 0;
  char before = ' ';
  for (const char c : text) {
    if (is_digit(c)) {
      count += before == ' ' ? 2 : 1;
    } else if (is_letter(c)) {
      count += is_letter(before) ? 0 : 1;
    } else if (c != ' ') {
      ++count;
    }
    before = c;
  }
  return count;
}

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  std::string sentence;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    sentence += (sentence.empty() ? "" : " ") + word;
    if (word.find_last_of(".!?") != std::string::npos &&
        word.find_first_not_of(".!?\"')", word.find_last_of(".!?")) == std::string::npos) {
      const std::size_t pieces = count_pieces(sentence);
      if (pieces >= 3 && pieces <= 40 && sentence.find("<|") == std::string::npos) {
        sentences.push_back(sentence);
      }
      sentence.clear();
    }
  }
  return sentences;
}

Lines strew(Dice& dice, std::size_t facts, std::size_t fillers, std::optional<double> depth) {
  const auto most = static_cast<int>(fillers);
  std::vector<int> behind(facts);  // how many fillers stand before each fact
  for (int& place : behind) {
    place = dice.between(0, most);
  }
  if (depth) {
    behind[0] = static_cast<int>(std::lround(*depth * most));
  }
  std::vector<std::size_t> order(facts);
  std::iota(order.begin(), order.end(), std::size_t{0});
  dice.shuffle(order);
  // Of several facts at one end, the one asked for is the outermost.
  const bool first = depth.value_or(0.5) < 0.5;
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (behind[a] != behind[b] || !depth) {
      return behind[a] < behind[b];
    }
    return first ? a == 0 && b != 0 : a != 0 && b == 0;
  });
  Lines lines;
  std::size_t next = 0;
  for (int filler = 0; filler <= most; ++filler) {
    for (; next < facts && behind[order[next]] == filler; ++next) {
      lines.push_back(order[next]);
    }
    if (filler < most) {
      lines.push_back(std::nullopt);
    }
  }
  return lines;
}

Item ask_several(Dice& dice, std::string context, const std::string& form,
                 const std::vector<std::string>& keys, const std::vector<std::string>& values) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  dice.shuffle(order);
  std::vector<std::string> asked;
  std::vector<std::string> given;
  for (const std::size_t i : order) {
    asked.push_back(keys[i]);
    given.push_back(values[i]);
  }
  std::vector<std::string> wrong;
  std::vector<std::string> turned = given;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, keys.size() - 1); ++i) {
    std::ranges::rotate(turned, turned.begin() + 1);
    wrong.push_back(pairs_of(asked, turned));
  }
  return make_item(dice, std::move(context), ask(form, list_of(asked)), pairs_of(asked, given),
                   std::move(wrong));
}

}  // namespace crayon::train::tasks
