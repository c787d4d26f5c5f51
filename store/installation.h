#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "store/store.h"

namespace crayon::store {

/// One deployment in the making, from the first check to the last byte.
class Installation {
 public:
  /// Opens and checks everything that `request` brings; `active` is what answers now. Writes
  /// nothing. Throws what Store::install() says.
  Installation(const Request& request, const State& state, const KeyRing& keys,
               const std::optional<Deployment>& active);

  /// What the deployment will hold.
  const Deployment& content() const { return content_; }

  /// Throws no_space or out_of_memory.
  void check_room(const std::filesystem::path& root, const NeedsOf& needs_of) const;

  /// Writes it to `folder`, which is there and empty, and checks what was written.
  Deployment write(std::uint64_t number, const std::filesystem::path& folder,
                   const Progress& progress) const;

  /// Removes the sources, if that was asked for.
  void remove_sources() const;

 private:
  struct Source {
    std::filesystem::path path;
    bool move = false;
    bool carried = false;  ///< from the active deployment
    /// Whether a second name for the same file will do.
    bool links() const { return move || carried; }
  };

  void add_member(const formats::Bundle& bundle, Member member, Source source);
  void carry_over(const Deployment& active);
  void check_bases() const;
  void choose_golden(const std::optional<Deployment>& active);
  void place(const Source& source, const std::filesystem::path& target,
             const Progress& progress) const;
  void check_written(const std::filesystem::path& path, const Member& member,
                     const Progress& progress) const;
  void carry_images(const std::filesystem::path& folder) const;

  const Request& request_;
  const KeyRing& keys_;
  Deployment content_;
  std::vector<Source> sources_;                      // [content_.members]
  std::vector<std::optional<formats::Hash>> bases_;  // [content_.members]
};

}  // namespace crayon::store
