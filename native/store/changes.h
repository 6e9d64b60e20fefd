// Changes: writes, zeroes and drops from the request to the acknowledgement.
//
// A change is admitted in order: checked against the chunk's version chain, given pages or the
// promise of pages, and turned into a WriteOp. Big writes put their data in place first; within a
// chunk, records enter the journal in the order of submission.
#pragma once

#include <cstdint>

#include "store/journal_writer.h"
#include "store/store_state.h"
#include "store/write_op.h"

namespace cairn::store {

class Changes final : public JournalWriter::Listener, public io::Timer {
 public:
  explicit Changes(StoreState& state);

  [[nodiscard]] JournalWriter& writer() { return writer_; }
  void submit(StoreRequest& request);
  /// Admits waiting changes after room appeared.
  void pump();
  /// True if changes wait for pages or journal room.
  [[nodiscard]] bool starved() const { return waiting_head_ != nullptr; }
  /// Nothing accepted is on its way and nothing waits.
  [[nodiscard]] bool quiet() const { return waiting_head_ == nullptr && in_flight_ == 0; }
  [[nodiscard]] uint64_t in_flight() const { return in_flight_; }
  [[nodiscard]] bool posted() const { return writer_.posted(); }
  /// Told about each released part of the ring: the pace of the throttle.
  void note_release_pace(uint64_t ns_per_block) { ns_per_block_ = ns_per_block; }
  /// Called after each group; Maintenance listens.
  void (*on_activity)(void* context) = nullptr;
  void* activity_context = nullptr;

  void on_durable(WriteOp& op, uint64_t lsn, uint32_t payload_ring_block) override;
  void on_lost(WriteOp& op) override;
  void on_group_done() override;
  void on_timer() override;

 private:
  enum class Admission : uint8_t { accepted, refused, wait };

  Admission admit(StoreRequest& request);
  Admission admit_drop(StoreRequest& request);
  [[nodiscard]] bool journal_has_room(const StoreRequest& request);
  [[nodiscard]] Status check_shape(const StoreRequest& request) const;
  /// ok, or the refusal; `duplicate` is set for a version that is already accepted.
  [[nodiscard]] Status check_chain(StoreRequest& request, const ChunkEntry* entry, bool& duplicate);
  [[nodiscard]] Admission check_space(StoreRequest& request, const ChunkEntry* entry, bool big);
  void accept(StoreRequest& request, format::RecordType type);
  void start_big(WriteOp& op);
  void take_pages(WriteOp& op);
  void on_run_done(WriteOp& op, const Status& status);
  void advance_order(DirtyChunk& dirty);
  void apply(WriteOp& op, uint64_t lsn, uint32_t payload_ring_block);
  void apply_drop(Volume& volume, uint64_t lsn);
  void finish(WriteOp& op, Status status);
  Admission refuse(StoreRequest& request, Status status);

  StoreState& state_;
  JournalWriter writer_;
  WriteOpPool pool_;
  StoreRequest* waiting_head_ = nullptr;
  StoreRequest* waiting_tail_ = nullptr;
  bool pumping_ = false;
  uint64_t in_flight_ = 0;
  uint64_t ns_per_block_ = 0;
  io::Nanoseconds next_admission_ = 0;
};

/// Makes the dropped volume invisible and queues its chunks for reaping; used by recovery too.
void begin_drop(StoreState& state, Volume& volume, uint64_t lsn);

}  // namespace cairn::store
