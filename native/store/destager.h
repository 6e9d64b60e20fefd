// Destager: moves sectors from the journal to their pages, one round of many chunks at a time. Used
// only by the maintenance flow.
//
// A round freezes the oldest overlays, brings their chunk records and journal payload into memory,
// overwrites sectors in place or in new pages in the order of the drive, appends the new chunk
// records, and only then lets the index see them. Nothing is flushed here: the journal keeps the
// redo images until a checkpoint made the round durable.
#pragma once

#include <cstdint>
#include <vector>

#include "store/metadata_log.h"
#include "store/store_state.h"

namespace cairn::store {

class Destager {
 public:
  Destager(StoreState& state, MetadataLog& log) : state_(state), log_(log), batch_(state.disk) {}

  /// Destages at least one overlay, if there is one that is not of a volume being dropped.
  Flow round();
  /// True if `round` has something to do.
  [[nodiscard]] bool has_work() const;
  /// Reads the chunk records of `entries` through the cache; unreadable ones are left out of `ok`.
  struct Target {
    uint64_t volume = 0;
    uint32_t chunk = 0;
    ChunkEntry* entry = nullptr;
    format::ChunkRecord record;
    bool loaded = false;
  };
  Flow load_records(std::vector<Target>& targets);
  /// Pages that the next round may need at most.
  [[nodiscard]] uint64_t pages_needed_max() const;

 private:
  struct Job {
    DirtyChunk* dirty = nullptr;
    uint64_t lsn = 0;
    std::vector<uint32_t> released;
  };
  /// One sector's way from the staging memory to its page.
  struct Placement {
    uint64_t offset_bytes = 0;
    std::byte* memory = nullptr;
  };

  void select();
  Flow stage_payload();
  void rebuild_lost(Target& target);
  void build(Job& job, format::ChunkRecord& record);
  uint32_t page_for(Job& job, uint32_t index, uint32_t previous);
  void build_page(Job& job, format::ChunkRecord& record, std::span<const OverlaySector> sectors,
                  uint32_t& previous);
  void place_sector(const OverlaySector& sector, uint32_t page);
  Flow write_pages();
  void commit(Job& job, const format::ChunkRecord& record, const CrecWrite& write);
  void commit_pages(Job& job, const format::ChunkRecord& before, const format::ChunkRecord& after);
  std::byte* staged(uint32_t slot) { return staging_.data() + size_t{slot} * format::kSectorBytes; }

  StoreState& state_;
  MetadataLog& log_;
  DiskBatch batch_;
  AlignedBuffer staging_;
  AlignedBuffer crec_memory_;
  std::vector<Job> jobs_;
  std::vector<Target> targets_;
  std::vector<format::ChunkRecord> before_;
  std::vector<Placement> placements_;
  std::vector<CrecWrite> writes_;
  /// The next staging slot while records are built, in the order in which payload was staged.
  uint32_t next_slot_ = 0;
};

}  // namespace cairn::store
