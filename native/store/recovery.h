// Recovery: from the bytes of a drive to a StoreState, without writing anything
// (docs/internals/disk-format.md, "Recovery").
//
// superblock by quorum -> newest valid checkpoint -> replay of the journal from that checkpoint's
// start -> claims of pages. Idempotent: a crash during or after it leads to the same state.
#pragma once

#include <cstdint>
#include <vector>

#include "store/flow.h"
#include "store/journal_scanner.h"
#include "store/store_state.h"

namespace cairn::store {

class Recovery {
 public:
  explicit Recovery(StoreState& state) : state_(state) {}

  Flow run();
  /// Digests of the last group replayed, which the next group must carry.
  [[nodiscard]] std::vector<format::DigestDisk> last_digests() && { return std::move(last_); }

 private:
  Flow load_superblock();
  Flow load_checkpoint();
  Flow read_body(uint32_t slot, const format::CheckpointHeader& header, bool& good);
  [[nodiscard]] Status install(const format::CheckpointHeader& header);
  [[nodiscard]] Status install_entries(std::span<const std::byte> bytes, uint64_t count);
  Flow replay();
  void replay_group(const JournalScanner& scan);
  void replay_record(uint64_t lsn, const format::Record& record, uint32_t payload_ring_block,
                     const JournalScanner& scan);
  void replay_lost(uint64_t lsn, const std::vector<format::DigestDisk>& lost);
  /// The chunk's dirty state if the record is newer than its chunk record, otherwise nullptr.
  DirtyChunk* target_of(uint64_t lsn, uint64_t volume, uint32_t chunk);
  void put(DirtyChunk& dirty, uint64_t lsn, const format::Record& record,
           std::span<const OverlaySector> sectors);
  void lose_chunk(DirtyChunk& dirty, uint64_t lsn, const format::Record& record);
  void drop_volume(uint64_t lsn, uint64_t id);
  void claim_pages();

  StoreState& state_;
  AlignedBuffer body_;
  std::vector<format::DigestDisk> last_;
};

}  // namespace cairn::store
