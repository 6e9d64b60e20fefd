// MetadataLog: appends chunk records to the open segment and cleans segments that hold little.
//
// Appends are not durable by themselves: the journal keeps everything since the older checkpoint,
// and a checkpoint flushes before it names a record. Used only by the maintenance flow.
#pragma once

#include <cstdint>
#include <vector>

#include "store/flow.h"
#include "store/store_state.h"

namespace cairn::store {

/// A record to be written, and afterwards where it lies.
struct CrecWrite {
  const format::ChunkRecord* record = nullptr;
  uint32_t offset_units = 0;
  uint16_t length_units = 0;
};

class MetadataLog {
 public:
  explicit MetadataLog(StoreState& state) : state_(state) {}

  /// Upper bound of segments that appending so many records may open.
  [[nodiscard]] uint32_t segments_needed(size_t records) const;
  /// Writes all records; no_space if the log has no free segment (the caller makes room first).
  Flow append(std::vector<CrecWrite>& writes);
  /// Copies the live records of a segment to the open one, so that it can be released.
  Flow clean(uint32_t segment);

 private:
  struct Live {
    ChunkEntry* entry = nullptr;
    format::ChunkRecord record;
  };

  Flow write_batch();
  Flow close_segment();
  void begin_batch();
  void collect(uint32_t segment, std::vector<Live>& live);
  void relocate(std::vector<Live>& live, const std::vector<CrecWrite>& writes);

  StoreState& state_;
  AlignedBuffer batch_;
  AlignedBuffer scan_;
  AlignedBuffer footer_;
  uint32_t batch_used_ = 0;
  /// For the footer; unknown if an earlier life began the segment.
  uint32_t open_records_ = 0;
  uint32_t open_crc_ = 0;
  bool open_known_ = false;
};

/// The footer's record count when an earlier life began the segment.
inline constexpr uint32_t kRecordsUnknown = 0xffff'ffff;

}  // namespace cairn::store
