#include "store/installation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"

namespace crayon::store {
namespace {

using formats::Bundle;
using formats::BundleKind;

constexpr std::size_t longest_role = 64;

/// Names of adapters become names of files, here and in scripts.
void check_role(const std::string& role, const std::filesystem::path& path) {
  const auto is_plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
  };
  const bool plain = !role.empty() && role.size() <= longest_role && role.front() != '.' &&
                     std::all_of(role.begin(), role.end(), is_plain);
  if (!plain || role == model_role || role == pool_role) {
    throw Error(Code::bad_argument, fmt::format("{}: no name for an adapter", path.string()),
                fmt::format("name its file by at most {} letters, digits, _ - and ., and neither "
                            "model nor pool",
                            longest_role));
  }
}

std::string role_of(const Bundle& bundle) {
  switch (bundle.info().kind) {
    case BundleKind::model:
      return model_role;
    case BundleKind::pool:
      return pool_role;
    case BundleKind::adapter: {
      std::string role = bundle.path().stem().string();
      check_role(role, bundle.path());
      return role;
    }
    case BundleKind::state:
    case BundleKind::encoder:
    case BundleKind::gallery:
      break;
  }
  const char* const kind = formats::kind_name(bundle.info().kind);
  throw Error(
      Code::bad_argument,
      fmt::format("{} is of the kind {}, which is not installed", bundle.path().string(), kind),
      "name model, adapter and pool bundles; other verbs take the path of other kinds");
}

/// A release must not be older than what was active, nor another one under the same number.
void check_release(const Bundle& bundle, const Member& member, const State& state,
                   const std::optional<Deployment>& active) {
  const auto highest = state.releases.find(member.role);
  if (highest == state.releases.end()) {
    return;
  }
  const std::string path = bundle.path().string();
  if (member.release < highest->second) {
    throw Error(Code::outdated,
                fmt::format("{} is release {} of {}, and release {} was active", path,
                            member.release, member.role, highest->second),
                "crayon rollback returns to the previous deployment; --allow-older installs an "
                "older release on purpose");
  }
  const Member* const now = active ? active->find(member.role) : nullptr;
  if (member.release != 0 && now != nullptr && now->release == member.release &&
      now->id != member.id) {
    throw Error(Code::outdated,
                fmt::format("{} is another release {} of {} than the active one", path,
                            member.release, member.role),
                "sign it with a number of its own");
  }
}

}  // namespace

Installation::Installation(const Request& request, const State& state, const KeyRing& keys,
                           const std::optional<Deployment>& active)
    : request_(request), keys_(keys) {
  if (request.bundles.empty()) {
    throw Error(Code::bad_argument, "there is nothing to install", "name a bundle");
  }
  for (const auto& [path, move] : request.bundles) {
    const Bundle bundle = Bundle::open(path);
    Member member{.role = role_of(bundle),
                  .id = bundle.id(),
                  .release = bundle.release(),
                  .signer = bundle.signer(),
                  .bytes = bundle.file_size(),
                  .unsigned_allowed = request.allow_unsigned};
    keys.check(bundle, request.allow_unsigned);
    if (!request.allow_older) {
      check_release(bundle, member, state, active);
    }
    if (content_.find(member.role) != nullptr) {
      throw Error(Code::bad_argument, fmt::format("{} is a second {}", path.string(), member.role),
                  "install one of each name");
    }
    add_member(bundle, std::move(member), {path, move});
  }
  if (active) {
    carry_over(*active);
  }
  if (content_.find(model_role) == nullptr) {
    throw Error(Code::bad_argument, "there is no model, neither among the bundles nor active",
                "install a model first, or together with what belongs to it");
  }
  check_bases();
  choose_golden(active);
}

void Installation::add_member(const Bundle& bundle, Member member, Source source) {
  content_.members.push_back(std::move(member));
  sources_.push_back(std::move(source));
  bases_.push_back(bundle.info().base);
}

/// What the active deployment has besides: its model, and what belongs to the model that there will
/// be.
void Installation::carry_over(const Deployment& active) {
  const auto carry = [&](const Member& member) {
    const Source source{.path = active.file(member.role), .carried = true};
    add_member(Bundle::open(source.path), member, source);
  };
  if (content_.find(model_role) == nullptr) {
    carry(*active.find(model_role));
  }
  const formats::Hash model = content_.find(model_role)->id;
  for (const Member& member : active.members) {
    if (content_.find(member.role) == nullptr &&
        Bundle::open(active.file(member.role)).info().base == model) {
      carry(member);
    }
  }
}

void Installation::check_bases() const {
  const Member& model = *content_.find(model_role);
  for (std::size_t i = 0; i < content_.members.size(); ++i) {
    if (&content_.members[i] != &model && bases_[i] != model.id) {
      throw Error(
          Code::wrong_base,
          fmt::format("{} belongs to another model: it names {}, and the model is {}",
                      sources_[i].path.string(), bases_[i] ? formats::to_hex(*bases_[i]) : "none",
                      formats::to_hex(model.id)),
          "pack or blend it for this model, or install its model with it");
    }
  }
}

void Installation::choose_golden(const std::optional<Deployment>& active) {
  const formats::Hash model = content_.find(model_role)->id;
  if (request_.golden) {
    content_.golden = read_golden(*request_.golden);
    if (content_.golden->model != model) {
      throw Error(
          Code::wrong_base,
          fmt::format("{} has the golden tokens of another model", request_.golden->string()),
          "make one for this model with crayon golden");
    }
  } else if (active && active->golden && active->golden->model == model) {
    content_.golden = active->golden;
  }
}

void Installation::check_room(const std::filesystem::path& root, const NeedsOf& needs_of) const {
  std::uint64_t copied = 0;
  Needs needs;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    copied += sources_[i].links() ? 0 : content_.members[i].bytes;
    if (content_.members[i].role == model_role) {
      needs = needs_of(Bundle::open(sources_[i].path));
      // A model that answers already has its image, which is carried over.
      needs.image = sources_[i].carried ? 0 : needs.image;
    }
  }
  store::check_room(needs, copied, room_of(root), root);
}

void Installation::place(const Source& source, const std::filesystem::path& target,
                         const Progress& progress) const {
  if (source.links() && link_file(source.path, target)) {
    sync_file(target);  // whoever wrote the source need not have done so
    return;
  }
  const File file(source.path);
  AtomicFile copy(target);
  copy_bytes(file, file.size(), copy, [&](std::uint64_t done) {
    progress("copying " + source.path.filename().string(), done, file.size());
  });
  copy.commit();
}

/// Of the copy, not of the source: what is checked is what will be used.
void Installation::check_written(const std::filesystem::path& path, const Member& member,
                                 const Progress& progress) const {
  const Bundle bundle = Bundle::open(path);
  if (bundle.id() != member.id || bundle.release() != member.release ||
      bundle.signer() != member.signer || bundle.file_size() != member.bytes) {
    throw Error(Code::corrupt, fmt::format("the source of {} changed meanwhile", path.string()),
                "install it again when nothing writes to it");
  }
  keys_.check(bundle, member.unsigned_allowed);
  bundle.verify([&](double share) {
    progress("verifying " + path.filename().string(),
             static_cast<std::uint64_t>(share * static_cast<double>(member.bytes)), member.bytes);
  });
}

/// The packed images of a model that is carried over, so that it starts at once here too.
void Installation::carry_images(const std::filesystem::path& folder) const {
  for (const Source& source : sources_) {
    const std::string prefix = source.path.filename().string() + ".packed-";
    if (!source.carried || source.path.stem() != model_role) {
      continue;
    }
    for (const std::filesystem::path& file : list_folder(source.path.parent_path())) {
      const std::string name = file.filename().string();
      if (name.starts_with(prefix) && file.extension() != ".part") {
        link_file(file, folder / name);  // activation makes one where this cannot
      }
    }
  }
}

Deployment Installation::write(std::uint64_t number, const std::filesystem::path& folder,
                               const Progress& progress) const {
  Deployment deployment = content_;
  deployment.number = number;
  deployment.folder = folder;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Member& member = deployment.members[i];
    place(sources_[i], deployment.file(member.role), progress);
    if (!sources_[i].carried) {
      check_written(deployment.file(member.role), member, progress);
    }
  }
  carry_images(folder);
  sync_folder(folder);
  write_deployment(deployment);
  return deployment;
}

void Installation::remove_sources() const {
  for (const Source& source : sources_) {
    if (source.move) {
      remove_file(source.path);
    }
  }
}

}  // namespace crayon::store
