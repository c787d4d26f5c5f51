#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/signature.h"

namespace crayon::cli {
namespace {

Exit keygen(const std::string& name, const Common& common) {
  const formats::SecretKey key = formats::make_secret_key();
  formats::write_key_pair(name, key);
  const std::string id = formats::to_hex(key.public_key().id());
  if (common.json) {
    print_json({{"id", id}, {"public", name + ".pub"}, {"secret", name + ".sec"}});
  } else {
    print(fmt::format("key {}: {}.pub for boards, {}.sec for you alone\n", id, name, name));
  }
  return Exit::ok;
}

}  // namespace

Action declare_keygen(Command& command, const Common& common) {
  auto name = std::make_shared<std::string>();
  command.add_option("-o,--output", *name, "NAME.pub and NAME.sec are written")
      .required()
      .value_name("NAME");
  return [name, &common] { return keygen(*name, common); };
}

}  // namespace crayon::cli
