// Reader: reads of one chunk's sectors and of its allocation map.
//
// Order of truth: active overlay, frozen overlay, chunk record. No byte leaves unverified
// (invariant S8). Reads hold no lock: if bytes do not match because a destage moved or overwrote
// them meanwhile, the sources are looked up again; only a mismatch whose source did not change is
// reported.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "store/store_state.h"

namespace cairn::store {

class Reader {
 public:
  explicit Reader(StoreState& state) : state_(state) {}

  void submit(StoreRequest& request);
  void submit(ChunkMapRequest& request);
  [[nodiscard]] bool quiet() const { return in_flight_ == 0; }
  [[nodiscard]] uint64_t in_flight() const { return in_flight_; }

 private:
  static constexpr uint32_t kAttemptsMax = 16;

  /// Where one sector comes from and what it must hash to.
  struct Source {
    SectorSource source = SectorSource::none;
    uint32_t place = 0;
    uint32_t crc = 0;
    friend bool operator==(const Source&, const Source&) = default;
  };
  struct ReadOp {
    Reader* reader = nullptr;
    StoreRequest* request = nullptr;
    ChunkMapRequest* map = nullptr;
    uint32_t attempts = 0;
    uint32_t runs_pending = 0;
    /// True while `step` runs inside the caller's submit: completion must then be posted.
    bool in_submit = false;
    std::array<Source, kChunkSectors> sources;
    std::vector<io::DiskRequest> runs;
    std::vector<iovec> buffers;
    AlignedBuffer crec_memory;
    io::DiskRequest crec_read;
    iovec crec_buffer{};
    StoreState::CrecPlace crec_at;
    uint32_t crec_units = kNoCrec;
  };

  ReadOp& take();
  void step(ReadOp& op);
  /// The chunk's entry, or nullptr if it does not exist (all zeroes). not_found if the volume is
  /// being dropped.
  [[nodiscard]] Status find(uint64_t volume, uint32_t chunk, ChunkEntry*& entry) const;
  [[nodiscard]] bool needs_crec(const ReadOp& op, const ChunkEntry& entry) const;
  void load_crec(ReadOp& op, const ChunkEntry& entry);
  void on_crec(ReadOp& op);
  [[nodiscard]] Source source_of(const ChunkEntry& entry, const format::ChunkRecord* record,
                                 uint32_t sector) const;
  void start_io(ReadOp& op, const ChunkEntry* entry, const format::ChunkRecord* record);
  void add_run(ReadOp& op, uint32_t index, uint64_t offset_bytes);
  [[nodiscard]] uint64_t device_offset(const ReadOp& op, uint32_t index) const;
  void submit_runs(ReadOp& op);
  void on_run_done(ReadOp& op, const Status& status);
  void verify(ReadOp& op);
  void fill_map(ReadOp& op, const ChunkEntry* entry, const format::ChunkRecord* record);
  void finish(ReadOp& op, Status status);

  StoreState& state_;
  uint64_t in_flight_ = 0;
  std::vector<std::unique_ptr<ReadOp>> all_;
  std::vector<ReadOp*> free_;
};

}  // namespace cairn::store
