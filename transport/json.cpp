#include "transport/json.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace crayon::transport {
namespace {

constexpr int max_depth = 32;
constexpr std::size_t max_parts = std::size_t{1} << 17;
// Each name is compared with all before it, as members keep their order: without this bound, 1.5 MB
// of names take eight seconds.
constexpr std::size_t max_members = 1024;

[[noreturn]] void refuse(const char* name, const std::string& why) {
  throw Error(Code::bad_argument, std::string("\"") + name + "\" must be " + why);
}

/// As JSON, but 1 for 1.0.
std::string number_text(double value) {
  std::string text = Json(value).dump();
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what) {
  std::size_t parts = 0;
  std::array<std::size_t, max_depth + 1> members = {};  // of the object at each depth, from 1
  // Called for the beginning and end of each array and object, each key and each plain value. A
  // container's own depth counts those around it.
  const auto check = [&](int depth, Json::parse_event_t event, Json&) {
    const bool opens =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= max_depth) {
      throw Error(Code::malformed,
                  std::string(what) + " is JSON nested deeper than " + std::to_string(max_depth));
    }
    if (event == Json::parse_event_t::object_start) {
      members[static_cast<std::size_t>(depth) + 1] = 0;
    }
    if (event == Json::parse_event_t::key &&
        ++members[static_cast<std::size_t>(depth)] > max_members) {
      throw Error(Code::malformed, std::string(what) + " is JSON with an object of more than " +
                                       std::to_string(max_members) + " members");
    }
    if (++parts > max_parts) {
      throw Error(Code::malformed, std::string(what) + " is JSON of too many parts");
    }
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::parse_error& error) {
    throw Error(Code::malformed, std::string(what) + " is not JSON: syntax error at byte " +
                                     std::to_string(error.byte));
  } catch (const Json::exception&) {
    throw Error(Code::malformed, std::string(what) + " is JSON with a number out of range");
  }
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* find(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member == object.end() || member->is_null() ? nullptr : &*member;
}

std::uint64_t integer_or(const Json& object, const char* name, std::uint64_t least,
                         std::uint64_t most, std::uint64_t otherwise) {
  const Json* value = find(object, name);
  if (value == nullptr) {
    return otherwise;
  }
  // nlohmann keeps integers from 0 on as unsigned, and those beyond 64 bits as floats.
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() < least ||
      value->get<std::uint64_t>() > most) {
    refuse(name, "an integer in " + std::to_string(least) + ".." + std::to_string(most));
  }
  return value->get<std::uint64_t>();
}

bool bool_or(const Json& object, const char* name, bool otherwise) {
  const Json* value = find(object, name);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    refuse(name, "true or false");
  }
  return value->get<bool>();
}

std::string string_or(const Json& object, const char* name, std::string otherwise) {
  const Json* value = find(object, name);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_string()) {
    refuse(name, "a string");
  }
  return value->get<std::string>();
}

double number_or(const Json& object, const char* name, NumberRange range, double otherwise) {
  const Json* value = find(object, name);
  if (value == nullptr) {
    return otherwise;
  }
  const double number = value->is_number() ? value->get<double>() : 0;
  const bool high_enough = range.above_least ? number > range.least : number >= range.least;
  if (!value->is_number() || !high_enough || number > range.most) {
    refuse(name, std::string("a number ") + (range.above_least ? "above " : "from ") +
                     number_text(range.least) + " to " + number_text(range.most));
  }
  return number;
}

}  // namespace crayon::transport
