// JournalWriter: group commit. Records that arrive while a group is under way become the next
// group; nothing waits on purpose.
//
// One group is in flight on devices with a volatile cache, two on others. Acknowledgements leave in
// LSN order, so the durable part of the journal is always a prefix (invariants S1, S2).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "format/journal.h"
#include "io/executor.h"
#include "store/store_state.h"
#include "store/write_op.h"

namespace cairn::store {

class JournalWriter final : public io::Task {
 public:
  /// Told, in LSN order, of each operation whose group is durable, or of its failure if
  /// `state.failure` is set.
  struct Listener {
    virtual void on_durable(WriteOp& op, uint64_t lsn, uint32_t payload_ring_block) = 0;
    virtual void on_lost(WriteOp& op) = 0;
    virtual void on_group_done() = 0;

   protected:
    ~Listener() = default;
  };

  JournalWriter(StoreState& state, Listener& listener);
  /// After recovery: `previous` are the digests of the last group in the journal.
  void start(std::vector<format::DigestDisk> previous);
  void enqueue(WriteOp& op);
  /// Writes a group without changes, so that no acknowledged group is the last one.
  void write_note();
  [[nodiscard]] bool last_group_is_note() const { return last_group_is_note_; }
  /// Tries to write again after the ring or the store changed.
  void kick();
  /// True if the next group found no room in the ring.
  [[nodiscard]] bool blocked() const { return blocked_; }
  [[nodiscard]] bool quiet() const { return queue_.empty() && in_flight_ == 0; }
  void run() override;
  [[nodiscard]] bool posted() const { return scheduled_; }

 private:
  static constexpr uint32_t kSlotsMax = 2;
  struct Slot {
    Slot();
    JournalWriter* writer = nullptr;
    AlignedBuffer header;
    format::GroupEncoder encoder;
    std::array<iovec, 3> buffers;
    io::DiskRequest flush;
    io::DiskRequest write;
    WriteOpQueue ops;
    uint64_t lsn = 0;
    uint32_t payload_ring_block = 0;
    bool busy = false;
    bool done = false;
    bool has_big = false;
  };

  bool seal();
  uint32_t fill(Slot& slot, uint32_t payload_max);
  uint32_t add_record(Slot& slot, WriteOp& op, uint32_t payload);
  void set_buffers(Slot& slot, uint32_t header_blocks, uint64_t first_frame, uint32_t payload);
  void launch(Slot& slot);
  void on_device_done(Slot& slot, const Status& status, const char* what);
  void finish_in_order();
  void lose_everything();

  StoreState& state_;
  Listener& listener_;
  std::array<Slot, kSlotsMax> slots_;
  uint32_t slots_count_ = 1;
  uint32_t payload_max_ = 1;
  uint32_t next_slot_ = 0;
  uint32_t oldest_slot_ = 0;
  uint32_t in_flight_ = 0;
  WriteOpQueue queue_;
  WriteOp note_;
  bool note_queued_ = false;
  bool last_group_is_note_ = true;
  bool scheduled_ = false;
  bool blocked_ = false;
  bool finishing_ = false;
  std::vector<format::DigestDisk> previous_digests_;
};

}  // namespace cairn::store
