// The journal index: for each chunk with records that are not destaged, the newest image of each
// touched sector.
//
// A chunk has an active overlay, which durable records enter, and while it is destaged a frozen one
// beneath. All overlays, and all unfinished volume drops, hang in one list ordered by their oldest
// record: its head bounds what a recovery must replay.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/assert.h"
#include "format/geometry.h"

namespace cairn::store {

struct ChunkEntry;
struct Volume;
struct WriteOp;

enum class SectorSource : uint8_t {
  none = 0,
  journal,  ///< `place` is a ring block.
  page,     ///< `place` is a page number; the sector's place in it follows from the sector.
  zero,
  lost,  ///< Known to be gone: a rotten journal record.
};

struct OverlaySector {
  uint8_t sector = 0;
  SectorSource source = SectorSource::none;
  /// True if `frame` was assigned: the payload may still be in the journal window.
  bool framed = false;
  uint8_t reserved = 0;
  uint32_t crc = 0;
  uint32_t place = 0;
  /// Low half of the window's frame sequence.
  uint32_t frame = 0;
};
static_assert(sizeof(OverlaySector) == 16);

/// A node of the replay list.
struct ReplayNode {
  ReplayNode* previous = nullptr;
  ReplayNode* next = nullptr;
  uint64_t min_lsn = 0;
  bool is_drop = false;
  [[nodiscard]] bool linked() const { return min_lsn != 0; }
};

/// Nodes in the order of `min_lsn`, which is the order of their arrival.
class ReplayList {
 public:
  void append(ReplayNode& node, uint64_t lsn);
  void remove(ReplayNode& node);
  /// `to` takes the place of `from`.
  void replace(ReplayNode& from, ReplayNode& to);
  [[nodiscard]] ReplayNode* head() const { return head_; }
  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  ReplayNode* head_ = nullptr;
  ReplayNode* tail_ = nullptr;
  uint64_t size_ = 0;
};

/// Arrays of 4, 16, 64 and 256 sectors, recycled. Grows in slabs; never shrinks.
class OverlayPool {
 public:
  static constexpr uint32_t kClasses = 4;
  static constexpr uint32_t capacity_of(uint32_t size_class) { return 4u << (2 * size_class); }
  OverlaySector* get(uint32_t size_class);
  void put(OverlaySector* array, uint32_t size_class);

 private:
  std::array<std::vector<OverlaySector*>, kClasses> free_;
  std::vector<std::unique_ptr<OverlaySector[]>> slabs_;
};

/// Sectors in ascending order, each once.
struct Overlay : ReplayNode {
  OverlaySector* sectors = nullptr;
  uint16_t count = 0;
  uint8_t size_class = 0;
  /// Of its newest record, by LSN.
  uint64_t version = 0;
  uint32_t birth = 0;
  uint32_t pg = 0;
  /// One of its records is a rebase: its version may be below that of what lies beneath.
  bool rebased = false;
  struct DirtyChunk* chunk = nullptr;
  /// Pages of big writes that later records replaced; freed with the overlay.
  std::vector<uint32_t> superseded_pages;

  [[nodiscard]] bool empty() const { return version == 0; }
  [[nodiscard]] const OverlaySector* find(uint32_t sector) const;
  [[nodiscard]] std::span<const OverlaySector> view() const { return {sectors, count}; }
  /// Replaces the images of `updates.size()` sectors from `first` on.
  void put(OverlayPool& pool, uint32_t first, std::span<const OverlaySector> updates);
  void clear(OverlayPool& pool);

 private:
  void grow(OverlayPool& pool, uint32_t needed);
  /// Notes pages of this overlay's range that no sector of it names any more.
  void note_superseded(uint32_t first, uint32_t n);
};

/// What a chunk has beyond its record. Exists while changes are pending or an overlay is not
/// destaged.
struct DirtyChunk {
  Volume* volume = nullptr;
  ChunkEntry* entry = nullptr;
  uint32_t chunk = 0;
  uint32_t birth = 0;
  /// The newest accepted version.
  uint64_t tip = 0;
  /// Pages that the chunk has or is promised: the record's pages and those that accepted sectors
  /// will need.
  uint64_t page_map = 0;
  uint32_t pending = 0;
  /// Where page 0 of the chunk would lie if its pages were contiguous; kPageNone if nothing is
  /// known.
  uint32_t run_hint = format::kPageNone;
  bool destaging = false;
  uint8_t destage_failures = 0;
  Overlay active;
  Overlay frozen;
  /// Accepted changes in the order of submission, from the first that still waits for its data on.
  WriteOp* order_head = nullptr;
  WriteOp* order_tail = nullptr;

  [[nodiscard]] bool idle() const { return pending == 0 && active.empty() && frozen.empty(); }
  /// The newest image of a sector, or nullptr if the chunk record decides.
  [[nodiscard]] const OverlaySector* find(uint32_t sector) const {
    if (const OverlaySector* found = active.find(sector)) return found;
    return frozen.find(sector);
  }
};

}  // namespace cairn::store
