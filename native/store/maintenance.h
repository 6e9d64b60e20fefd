// Maintenance: the one flow that does everything in the background, one job at a time: reaping of
// dropped volumes, destage, segment cleaning, checkpoints, discards. It sleeps when there is
// nothing to do; an idle store uses no CPU.
#pragma once

#include <cstdint>
#include <vector>

#include "store/changes.h"
#include "store/checkpointer.h"
#include "store/destager.h"
#include "store/metadata_log.h"
#include "store/store_state.h"

namespace cairn::store {

class Maintenance final : public io::Timer, public io::Task {
 public:
  Maintenance(StoreState& state, Changes& changes);

  /// Chooses the thresholds and runs until `stop` was asked for and nothing is left to do, or the
  /// store failed.
  void start(void (*on_done)(void* context, Status status), void* context);
  /// Writes the first checkpoint of a mount.
  Flow first_checkpoint() { return checkpointer_.write(); }
  Flow write_superblock(bool clean) { return checkpointer_.write_superblock(clean); }
  /// Drains the journal, checkpoints, and ends the flow.
  void stop();
  void wake();

  void on_timer() override;
  void run() override;
  [[nodiscard]] bool posted() const { return scheduled_; }

 private:
  enum class Job : uint8_t { none, reap, room, checkpoint, destage, discard };

  Flow loop();
  [[nodiscard]] Job next_job() const;
  [[nodiscard]] bool pressed() const;
  [[nodiscard]] bool metadata_tight() const;
  [[nodiscard]] bool checkpoint_due() const;
  [[nodiscard]] bool destage_due() const;
  /// True if a checkpoint would free ring blocks, pages or segments, at once or with the next one.
  [[nodiscard]] bool checkpoint_helps() const;
  Flow make_metadata_room();
  Flow checkpoint();
  Flow destage();
  Flow reap();
  void reap_chunk(Volume& volume, Destager::Target& target);
  Flow discard();
  void on_activity();

  StoreState& state_;
  Changes& changes_;
  MetadataLog log_;
  Checkpointer checkpointer_;
  Destager destager_;
  Wakeup wakeup_;
  bool scheduled_ = false;
  bool stopping_ = false;
  /// Quiet long enough, or stopping: everything is to be written home.
  bool draining_ = false;
  bool idle_timer_armed_ = false;
  uint64_t destage_start_blocks_ = 0;
  uint64_t checkpoint_interval_blocks_ = 0;
  uint64_t head_at_checkpoint_ = 0;
  io::Nanoseconds released_at_ = 0;
  io::Nanoseconds active_at_ = 0;
  std::vector<Destager::Target> reap_targets_;
  Flow flow_;
};

}  // namespace cairn::store
