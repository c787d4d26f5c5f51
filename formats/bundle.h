#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "formats/embedding.h"
#include "formats/gallery.h"
#include "formats/hash.h"
#include "formats/image_tower.h"
#include "formats/model_config.h"
#include "formats/routing.h"
#include "formats/signature.h"
#include "formats/state.h"
#include "formats/tensor.h"
#include "formats/tokenizer_data.h"

namespace crayon::formats {

/// The values are those of the file format.
enum class BundleKind : std::uint8_t {
  model = 1,
  adapter = 2,
  pool = 3,
  state = 4,
  encoder = 5,
  gallery = 6,
};
inline constexpr BundleKind last_kind = BundleKind::gallery;

const char* kind_name(BundleKind kind);

/// Where a bundle comes from.
struct Provenance {
  std::string source;       ///< file or folder name, without its directory
  std::string source_hash;  ///< hex BLAKE2b-256 of the source file; of the weights of a folder
  std::string tool;         ///< "crayon 0.1.0"
  std::string licence;      ///< as the source states it, or empty
  bool operator==(const Provenance&) const = default;
};

struct TensorEntry {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::uint32_t first_frame = 0;
  std::uint32_t offset = 0;  ///< in the decoded bytes of first_frame
};

/// One independent zstd frame of a bundle.
struct Frame {
  std::uint64_t offset = 0;  ///< in the file
  std::uint32_t stored_size = 0;
  std::uint32_t decoded_size = 0;  ///< at most 1 MiB
  Hash hash{};                     ///< of the stored bytes
};

/// Several LoRAs in one, the experts, among which every token chooses (Arrow; Ostapenko et al.
/// 2024): runtime/model/token_router.h says how.
struct ExpertsInfo {
  std::vector<std::uint32_t> ranks;  ///< in every factor, one behind the other
  std::uint32_t top_k = 1;           ///< experts that share a token
  float temperature = 1.0f;          ///< of the softmax over their scores
};

/// One LoRA in an adapter or pool bundle; its tensors carry the numbers.
struct AdapterInfo {
  std::string name;
  std::uint32_t rank = 0;
  /// What B (A x) is multiplied with; alpha / rank, or alpha / sqrt(rank) for rsLoRA.
  float scale = 1.0f;
  std::optional<ExpertsInfo> experts = {};  ///< in an adapter bundle only
};

/// What a reader knows of a bundle, as plain structs: nothing of FlatBuffers leaves formats/.
struct BundleInfo {
  BundleKind kind = BundleKind::model;
  Provenance provenance;
  std::vector<TensorEntry> tensors;
  // model and encoder
  std::optional<ModelConfig> config;  ///< of an encoder: that of its text tower
  std::optional<TokenizerData> tokenizer;
  // adapter (one entry) and pool
  std::vector<AdapterInfo> adapters;
  std::optional<Hash> base;    ///< id of the bundle that adapters, a state or a gallery belong to
  float pool_tau = 0.1f;       ///< temperature of the blend, in a pool
  Embedding pool_embedding;    ///< what a pool's indicators are made of
  std::optional<Scope> scope;  ///< of an adapter, when it is known
  std::optional<Routing> routing;  ///< of an adapter or pool that was calibrated
  // state
  std::optional<StateInfo> state;
  // encoder
  std::optional<ImageTower> image;
  // gallery
  std::optional<GalleryInfo> gallery;
};

struct FrameBuffers;

/// An open bundle. Opening reads and checks the header, footer and index, not the data frames:
/// those are checked, stored bytes, decoded size and values, as tensors are read. Every failure
/// is an Error that names the file and the field. Const functions are safe from several threads.
/// Format: docs/bundle-format.md.
class Bundle {
 public:
  static Bundle open(const std::filesystem::path& path);
  Bundle(Bundle&&) noexcept;
  ~Bundle();

  const std::filesystem::path& path() const { return file_.path(); }
  const BundleInfo& info() const { return info_; }
  /// BLAKE2b-256 of the index, which names every frame's hash: the identity of the content.
  const Hash& id() const { return id_; }
  std::uint64_t file_size() const { return file_.size(); }
  /// Counts up with a publisher's releases; 0 when the bundle was not published.
  std::uint64_t release() const { return release_; }
  /// The key that it says it was signed with; none when it is not signed.
  const std::optional<KeyId>& signer() const { return signer_; }
  /// Whether the owner of `key` signed it: header, footer and, by their hashes, index and frames.
  bool is_signed_by(const PublicKey& key) const;

  /// Null when there is none.
  const TensorEntry* find(std::string_view name) const;
  /// Throws missing_tensor.
  const TensorEntry& at(std::string_view name) const;

  /// Hands the stored bytes of a tensor to `sink`, in order, in pieces of at most 1 MiB that may
  /// end within a number. Throws corrupt for a bad frame and for values that ValueCheck refuses;
  /// `sink` may have had bytes by then.
  void read(const TensorEntry& tensor, const std::function<void(ByteSpan)>& sink) const;
  /// The whole tensor as floats, whatever its dtype: [rows][cols].
  std::vector<float> read_f32(const TensorEntry& tensor) const;

  /// Reads every tensor, and with them every frame; throws at the first bad one.
  /// `progress` gets the share done, 0 to 1; it may be empty.
  void verify(const std::function<void(double)>& progress) const;

 private:
  friend class TensorReader;
  struct LastFrame;

  explicit Bundle(File file);
  void load();
  std::uint64_t checked_size(const TensorEntry& tensor) const;
  std::shared_ptr<const std::vector<std::uint8_t>> frame(std::size_t index) const;
  void decode_frame(std::size_t index, FrameBuffers& buffers) const;

  File file_;
  BundleInfo info_;
  std::vector<std::uint32_t> by_name_;  // positions in info_.tensors, sorted by name
  std::vector<Frame> frames_;
  std::vector<std::uint64_t> frame_starts_;  // in the decoded bytes of all; the last: their end
  Hash id_{};
  std::uint64_t release_ = 0;
  std::optional<KeyId> signer_;
  std::vector<std::uint8_t> signed_bytes_;  // what the signature is over
  SignatureBytes signature_{};
  // Many small tensors share a frame: the last one is kept, so that reading them in order
  // decodes it once.
  std::unique_ptr<LastFrame> last_frame_;
};

/// Writes a bundle front to back with bounded memory; the file appears when finish() returns.
class BundleWriter {
 public:
  BundleWriter(const std::filesystem::path& path, BundleKind kind);
  ~BundleWriter();
  BundleWriter(const BundleWriter&) = delete;
  BundleWriter& operator=(const BundleWriter&) = delete;

  /// Starts the next tensor; exactly stored_bytes(dtype, shape) bytes must follow, or the next
  /// call throws bad_argument.
  void begin_tensor(std::string name, Dtype dtype, Shape shape);
  /// Throws corrupt, naming tensor and row, for values that Bundle::read refuses.
  void write(ByteSpan bytes);
  /// A whole small tensor in f32.
  void add_f32(std::string name, Shape shape, std::span<const float> values);

  /// `info.kind` and `info.tensors` are the writer's own and are ignored. Checks what a reader
  /// will check, so that every bundle written can be opened. Returns the id.
  Hash finish(BundleInfo info);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::formats
