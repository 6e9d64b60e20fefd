// Store: one drive's part of the block store. Durable before acknowledged, checksummed, crash-safe
// (docs/internals/disk-format.md).
//
// Threading: a Store, its Disk and all its requests live on one executor's thread and share nothing
// with other stores. Life: construct; open() and wait for it; submit requests; close() and wait;
// destroy. Destroying without close is a power cut: legal, recovered at the next open, but the Disk
// must have been silenced first (no completion may arrive any more).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/disk.h"
#include "io/executor.h"
#include "io/random.h"
#include "store/chunk_service.h"
#include "store/request.h"

namespace cairn::store {

using Uuid = std::array<uint8_t, 16>;

/// What a store lives in. All references outlive the store.
struct Environment {
  io::Executor& executor;
  io::Disk& disk;
  io::Random& random;
};

enum class DriveClass : uint8_t { unknown = 0, nvme = 1, ssd = 2, hdd = 3, file = 4 };

/// Who a store is, from its superblock.
struct StoreIdentity {
  Uuid cluster{};
  Uuid store{};
  /// Random, new at each format: tells a formatted-again store from the one it was.
  uint64_t incarnation = 0;
  /// The node that formatted the drive; a hint for people.
  Uuid node{};
  DriveClass drive_class = DriveClass::unknown;
  uint64_t size_bytes = 0;
  bool clean = false;
};

struct FormatOptions {
  Uuid cluster{};
  /// All zero: a random one is made.
  Uuid store{};
  Uuid node{};
  DriveClass drive_class = DriveClass::unknown;
  /// At most 32 bytes are kept.
  std::string serial;
  /// 0: chosen from the drive's size (docs/internals/disk-format.md).
  uint64_t journal_bytes = 0;
  uint32_t segment_bytes = 0;
  /// False: refuse with already_exists if the drive carries a readable Cairn superblock.
  bool force = false;
  /// Skips writing zeroes over journal, metadata log and checkpoints. Only for media known to read
  /// as zeroes.
  bool media_is_zero = false;
};

/// Writes an empty store. Owned by the caller until `on_done` of the operation ran.
class Formatter {
 public:
  Formatter(Environment environment, FormatOptions options);
  ~Formatter();
  Formatter(const Formatter&) = delete;
  Formatter& operator=(const Formatter&) = delete;
  void start(StoreOperation& operation);
  /// Valid after success.
  [[nodiscard]] const StoreIdentity& identity() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads only the superblocks: tells whether a drive carries a store, and whose. Owned by the
/// caller until `on_done` ran.
class Prober {
 public:
  explicit Prober(Environment environment);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  /// not_found: no Cairn superblock on the drive. corrupt: there was one, but no two copies agree.
  void start(StoreOperation& operation);
  [[nodiscard]] const StoreIdentity& identity() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Memory and pace of an open store. The defaults suit a server's SSD; simulation shrinks them.
struct StoreConfig {
  /// Checked against the superblock when not zero: wrong_identity.
  Uuid expected_store{};
  uint64_t expected_incarnation = 0;
  /// Recovers in memory and serves reads, never writes to the drive. For the offline tool.
  bool read_only = false;
  /// Decoded chunk records kept in memory, allocated as needed.
  uint64_t crec_cache_bytes = uint64_t{64} << 20;
  /// Journal payload kept in memory until destaged, allocated at open, touched as used.
  uint64_t journal_window_bytes = uint64_t{64} << 20;
  /// Largest journal group.
  uint32_t group_bytes_max = 512u << 10;
  uint32_t group_records_max = 64;
  /// Destage begins when so much of the journal is not destaged; 0: chosen from journal and window.
  uint64_t destage_start_bytes = 0;
  /// A checkpoint is due when the journal grew so much since the last one; 0: chosen from the
  /// journal.
  uint64_t checkpoint_interval_bytes = 0;
  /// Chunks and sectors of one destage round.
  uint32_t destage_chunks_max = 128;
  uint32_t destage_sectors_max = 512;
  /// Metadata segments that cleaning keeps free; 0: as many as a destage round may need.
  uint32_t segments_free_min = 0;
  /// Quiet time after which the store writes its closing group, drains its journal and falls
  /// asleep.
  io::Nanoseconds idle_ns = 1'000'000'000;
  bool discard = true;
};

struct StoreCapacity {
  uint64_t total_bytes = 0;      ///< Page area that data can use.
  uint64_t allocated_bytes = 0;  ///< Pages in use or promised to acknowledged writes.
  uint64_t releasing_bytes = 0;  ///< Part of allocated: freed, waiting for two checkpoints.
  uint64_t free_bytes = 0;       ///< What new writes can take before no_space.
};

/// Counters since open, and gauges. All monotonic unless noted.
struct StoreStats {
  uint64_t reads = 0, read_bytes = 0;
  uint64_t writes_small = 0, writes_big = 0, write_bytes = 0;
  uint64_t zeroes = 0, drops = 0;
  uint64_t version_gaps = 0, no_space = 0;
  uint64_t journal_groups = 0, journal_bytes = 0, journal_records = 0;
  uint64_t device_reads = 0, device_read_bytes = 0;
  uint64_t device_writes = 0, device_write_bytes = 0, device_flushes = 0, device_discards = 0;
  uint64_t destage_rounds = 0, destaged_chunks = 0, destaged_sectors = 0;
  uint64_t metadata_bytes = 0, segments_cleaned = 0, checkpoints = 0;
  uint64_t crec_hits = 0, crec_misses = 0;
  uint64_t checksum_errors = 0, lost_sectors = 0, suspect_chunks = 0, double_claims = 0;
  uint64_t throttled = 0;  ///< Changes that waited for journal or page room.
  // Gauges.
  uint64_t journal_used_bytes = 0, journal_capacity_bytes = 0, journal_dirty_bytes = 0;
  uint64_t dirty_chunks = 0, chunks = 0, volumes = 0;
  uint64_t metadata_live_bytes = 0, metadata_capacity_bytes = 0;
  uint64_t in_flight = 0;
  // What the last open found.
  uint64_t recovered_groups = 0, recovered_records = 0, truncated_groups = 0, rotten_groups = 0;
};

/// Space of one volume, from memory.
struct VolumeUsage {
  uint64_t chunks = 0;
  uint64_t allocated_bytes = 0;
};

class StoreImpl;
struct Volume;

/// One chunk of a volume, by its newest accepted state.
struct ChunkSummary {
  uint32_t chunk = 0;
  uint32_t birth = 0;
  uint64_t version = 0;
  friend bool operator==(const ChunkSummary&, const ChunkSummary&) = default;
};

class Store final : public ChunkService {
 public:
  Store(Environment environment, StoreConfig config);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Recovers and starts serving. Errors: not_found, corrupt, wrong_identity, unsupported,
  /// io_error.
  void open(StoreOperation& operation);
  /// Refuses new requests, waits for those in flight, destages, checkpoints and marks the
  /// superblock clean.
  void close(StoreOperation& operation);

  /// Only between a completed open and close(); before and after, requests complete with
  /// `cancelled`.
  void submit(StoreRequest& request) override;
  void submit(ChunkMapRequest& request) override;

  // From memory; 0 or nothing where the store has no such chunk, or the volume is being dropped.
  [[nodiscard]] uint64_t chunk_version(uint64_t volume, uint32_t chunk) const override;
  [[nodiscard]] uint32_t chunk_birth(uint64_t volume, uint32_t chunk) const;
  /// The first chunk at or after `chunk_from`. Listing a volume by this costs one step per chunk
  /// and one per 64 absent ones.
  [[nodiscard]] std::optional<ChunkSummary> next_chunk(uint64_t volume, uint32_t chunk_from) const;
  /// One above the highest chunk number present.
  [[nodiscard]] uint32_t chunk_limit(uint64_t volume) const;
  [[nodiscard]] bool has_volume(uint64_t volume) const;
  [[nodiscard]] std::vector<uint64_t> volumes() const;
  [[nodiscard]] VolumeUsage usage(uint64_t volume) const;

  [[nodiscard]] const StoreIdentity& identity() const;
  [[nodiscard]] StoreCapacity capacity() const;
  [[nodiscard]] StoreStats stats() const;

  /// ok while the store serves; otherwise why it stopped (a write or flush failed: terminal,
  /// invariant S9).
  [[nodiscard]] const Status& failure() const;
  /// Called once, in its own turn, when the store fails.
  void set_failure_handler(void (*handler)(void* context, const Status& failure), void* context);

  /// For the store's own tools (verify.h) and tests.
  [[nodiscard]] StoreImpl& internals();

 private:
  [[nodiscard]] const Volume* visible(uint64_t volume) const;

  std::unique_ptr<StoreImpl> impl_;
};

}  // namespace cairn::store
