// StoreState: what the parts of one store share. Plain data and the small rules that keep its
// counters true; every part that acts (JournalWriter, Changes, Reader, Maintenance, Recovery) holds
// a reference to it.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/checkpoint.h"
#include "format/journal.h"
#include "format/superblock.h"
#include "store/chunk_index.h"
#include "store/crec_cache.h"
#include "store/disk_io.h"
#include "store/flow.h"
#include "store/journal_ring.h"
#include "store/overlay.h"
#include "store/page_allocator.h"
#include "store/segment_table.h"
#include "store/store.h"

namespace cairn::store {

/// Completes requests in a turn of their own.
class CompletionQueue final : public io::Task {
 public:
  explicit CompletionQueue(io::Executor& executor) : executor_(executor) {}
  void add(StoreRequest& request);
  void add(ChunkMapRequest& request);
  void run() override;
  [[nodiscard]] bool posted() const { return scheduled_; }

 private:
  void schedule();
  io::Executor& executor_;
  bool scheduled_ = false;
  StoreRequest* head_ = nullptr;
  StoreRequest* tail_ = nullptr;
  ChunkMapRequest* map_head_ = nullptr;
  ChunkMapRequest* map_tail_ = nullptr;
};

/// A volume drop whose chunks are not all reaped; holds its place in the replay list.
struct DropJob : ReplayNode {
  DropJob() { is_drop = true; }
  uint64_t volume = 0;
  uint32_t next_chunk = 0;
};

struct StoreState {
  StoreState(Environment environment, StoreConfig store_config);

  Environment env;
  StoreConfig config;
  StoreStats stats;
  DiskIo disk;
  CompletionQueue completions;

  format::Superblock superblock;
  format::Geometry geometry;
  format::JournalIdentity journal_identity;
  StoreIdentity identity;

  ChunkIndex index;
  CrecCache crecs;
  PageAllocator pages;
  SegmentTable segments;
  JournalRing ring;
  JournalWindow window;
  OverlayPool overlays;
  ReplayList replay;
  std::vector<std::unique_ptr<DropJob>> drops;

  /// Pages promised to accepted sectors that have none: the sum over dirty chunks of `page_map &
  /// ~entry.page_map`.
  uint64_t reserved_pages = 0;
  /// The highest group that is durable together with all before it.
  uint64_t durable_lsn = 0;
  /// The replay start of the checkpoint in each slot, and which slot is newest.
  uint64_t slot_replay_lsn[2] = {1, 1};
  uint64_t checkpoint_sequence = 0;
  uint32_t newest_slot = 0;

  Status failure;

  // --- Chunks ---
  DirtyChunk& make_dirty(Volume& volume, ChunkEntry& entry, uint32_t chunk);
  /// Frees `dirty` if nothing is pending on it; the chunk ceases to exist if it has no record
  /// either.
  void settle_dirty(DirtyChunk& dirty);
  /// Changes the promised pages of a chunk, keeping `reserved_pages` true.
  void set_page_map(DirtyChunk& dirty, uint64_t page_map);
  /// Takes a page for page `page` of the chunk, after `previous` or in the chunk's own run if that
  /// is free.
  uint32_t take_page(DirtyChunk& dirty, uint32_t page, uint32_t previous);
  /// Enters a durable change into the chunk's active overlay.
  void apply(DirtyChunk& dirty, uint64_t lsn, const format::Record& record,
             std::span<const OverlaySector> sectors);
  /// Moves the active overlay beneath: what comes later enters a new one.
  void freeze(DirtyChunk& dirty);
  /// Takes an overlay out of the replay list and empties it.
  void retire(Overlay& overlay);
  [[nodiscard]] static uint64_t tip_of(const ChunkEntry& entry) {
    return entry.dirty != nullptr ? entry.dirty->tip : entry.version;
  }
  [[nodiscard]] static uint32_t birth_of(const ChunkEntry& entry) {
    return entry.dirty != nullptr ? entry.dirty->birth : entry.birth;
  }
  [[nodiscard]] static uint64_t page_map_of(const ChunkEntry& entry) {
    return entry.dirty != nullptr ? entry.dirty->page_map : entry.page_map;
  }

  // --- Space ---
  /// Pages that data occupies or was promised, without those that are being released.
  [[nodiscard]] uint64_t pages_spoken_for() const;
  /// Above this, changes that need pages are refused.
  [[nodiscard]] uint64_t pages_limit() const { return pages.usable_pages() * 95 / 100; }
  [[nodiscard]] bool reclaim_possible() const {
    return !replay.empty() || pages.releasing_pages() > 0;
  }

  // --- Journal ---
  /// Ring blocks from the oldest record that is not destaged to the head.
  [[nodiscard]] uint64_t dirty_blocks() const;
  /// The group from which a checkpoint taken at this moment must replay.
  [[nodiscard]] uint64_t replay_lsn() const;

  // --- Chunk records ---
  [[nodiscard]] uint64_t crec_offset(uint32_t offset_units) const {
    return geometry.metadata_offset + uint64_t{offset_units} * 8;
  }
  /// The blocks that hold a record: offset and length of the read, and where in it the record
  /// begins.
  struct CrecPlace {
    uint64_t offset_bytes = 0;
    uint32_t read_bytes = 0;
    uint32_t skip_bytes = 0;
  };
  [[nodiscard]] CrecPlace crec_place(const ChunkEntry& entry) const;
  /// Decodes a record that was read from `crec_place` and checks that it is the one the index
  /// means.
  [[nodiscard]] Status decode_crec(std::span<const std::byte> bytes, uint64_t volume,
                                   uint32_t chunk, const ChunkEntry& entry,
                                   format::ChunkRecord& record) const;

  /// Terminal: the first failed write or flush (invariant S9). Later calls change nothing.
  void fail(const Status& cause, const char* what);
  void (*failure_handler)(void* context, const Status& failure) = nullptr;
  void* failure_context = nullptr;
  /// Wakes the maintenance flow in a turn of its own; set by Maintenance.
  void (*poke_maintenance)(void* context) = nullptr;
  void* poke_context = nullptr;
  /// Set while the store closes: told after each completed request.
  void (*request_done)(void* context) = nullptr;
  void* request_done_context = nullptr;
  void note_request_done() {
    if (request_done != nullptr) request_done(request_done_context);
  }
  void poke() {
    if (poke_maintenance != nullptr) poke_maintenance(poke_context);
  }

 private:
  std::vector<std::unique_ptr<DirtyChunk[]>> dirty_slabs_;
  std::vector<DirtyChunk*> dirty_free_;
};

inline uint64_t pages_touched(uint32_t first_sector, uint32_t n_sectors) {
  const uint32_t first = first_sector / format::kPageSectors;
  const uint32_t last = (first_sector + n_sectors - 1) / format::kPageSectors;
  const uint64_t below_end = last == 63 ? ~uint64_t{0} : (uint64_t{1} << (last + 1)) - 1;
  return below_end & ~((uint64_t{1} << first) - 1);
}

}  // namespace cairn::store
