#include "store/maintenance.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace cairn::store {

namespace {

constexpr uint32_t kReapChunks = 128;
constexpr uint64_t kReleasingPagesMax = uint64_t{1} << 20;
constexpr uint64_t kDiscardRunsPerStep = 64;
constexpr uint32_t kRoomPassesMax = 64;

}  // namespace

Maintenance::Maintenance(StoreState& state, Changes& changes)
    : state_(state), changes_(changes), log_(state), checkpointer_(state), destager_(state, log_) {
  state_.poke_maintenance = [](void* context) { static_cast<Maintenance*>(context)->wake(); };
  state_.poke_context = this;
  changes_.on_activity = [](void* context) { static_cast<Maintenance*>(context)->on_activity(); };
  changes_.activity_context = this;
}

void Maintenance::start(void (*on_done)(void* context, Status status), void* context) {
  const uint64_t ring = state_.ring.blocks();
  const uint64_t window = state_.config.journal_window_bytes / format::kSectorBytes;
  destage_start_blocks_ = state_.config.destage_start_bytes / format::kSectorBytes;
  if (destage_start_blocks_ == 0) destage_start_blocks_ = std::min(ring / 4, window * 3 / 4);
  checkpoint_interval_blocks_ = state_.config.checkpoint_interval_bytes / format::kSectorBytes;
  if (checkpoint_interval_blocks_ == 0) {
    const uint64_t cost = state_.geometry.checkpoint_bytes / format::kSectorBytes;
    const uint64_t sixteen_mib = (uint64_t{16} << 20) / format::kSectorBytes;
    checkpoint_interval_blocks_ = std::min(ring / 8, std::max(sixteen_mib, 8 * cost));
  }
  head_at_checkpoint_ = state_.ring.head();
  released_at_ = state_.env.executor.now();
  active_at_ = released_at_;
  flow_ = loop();
  flow_.start(on_done, context);
  on_activity();
}

void Maintenance::stop() {
  stopping_ = true;
  draining_ = true;
  state_.env.executor.cancel(*this);
  idle_timer_armed_ = false;
  wake();
}

void Maintenance::wake() {
  if (scheduled_ || !wakeup_.sleeping()) return;
  scheduled_ = true;
  state_.env.executor.post(*this);
}

void Maintenance::run() {
  scheduled_ = false;
  wakeup_.wake();
}

void Maintenance::on_activity() {
  if (changes_.starved()) changes_.pump();
  if (stopping_ || !state_.failure.ok()) return wake();
  active_at_ = state_.env.executor.now();
  if (!changes_.writer().last_group_is_note()) draining_ = false;
  if (!idle_timer_armed_) {
    idle_timer_armed_ = true;
    state_.env.executor.arm(*this, state_.config.idle_ns);
  }
  if (next_job() != Job::none) wake();
}

void Maintenance::on_timer() {
  idle_timer_armed_ = false;
  if (stopping_ || !state_.failure.ok()) return;
  const io::Nanoseconds quiet = state_.env.executor.now() - active_at_;
  if (quiet < state_.config.idle_ns || !changes_.quiet()) {
    idle_timer_armed_ = true;
    state_.env.executor.arm(*this, quiet < state_.config.idle_ns ? state_.config.idle_ns - quiet
                                                                 : state_.config.idle_ns);
    return;
  }
  draining_ = true;
  if (!changes_.writer().last_group_is_note()) {
    changes_.writer().write_note();
    return;
  }
  wake();
}

bool Maintenance::pressed() const {
  return changes_.starved() || changes_.writer().blocked() ||
         state_.ring.used_blocks() * 100 >= uint64_t{state_.ring.blocks()} * 45 ||
         state_.pages.releasing_pages() > kReleasingPagesMax;
}

bool Maintenance::metadata_tight() const {
  const uint32_t need = log_.segments_needed(state_.config.destage_chunks_max) + 1;
  return state_.segments.free_segments() <= std::max(need, state_.config.segments_free_min);
}

bool Maintenance::checkpoint_helps() const {
  return state_.replay_lsn() > std::min(state_.slot_replay_lsn[0], state_.slot_replay_lsn[1]) ||
         state_.pages.releasing_pages() > 0 || state_.segments.releasing_segments() > 0;
}

bool Maintenance::checkpoint_due() const {
  return state_.ring.head() - head_at_checkpoint_ >= checkpoint_interval_blocks_;
}

bool Maintenance::destage_due() const { return state_.dirty_blocks() >= destage_start_blocks_; }

Maintenance::Job Maintenance::next_job() const {
  if (!state_.drops.empty()) return Job::reap;
  const bool work = !state_.replay.empty();
  if (checkpoint_due()) return Job::checkpoint;
  if (work && (destage_due() || draining_)) return Job::destage;
  if (pressed()) {
    // Little is left to destage: the checkpoints are what holds the tail.
    const bool mostly_clean = state_.dirty_blocks() * 100 < uint64_t{state_.ring.blocks()} * 20;
    if (checkpoint_helps() && (mostly_clean || !work)) return Job::checkpoint;
    if (work) return Job::destage;
  }
  if (draining_) {
    const bool behind = state_.replay_lsn() > state_.slot_replay_lsn[state_.newest_slot];
    if (behind || state_.pages.releasing_pages() > 0) return Job::checkpoint;
  }
  if (state_.pages.has_discards() && state_.config.discard && !stopping_) return Job::discard;
  return Job::none;
}

Flow Maintenance::loop() {
  while (state_.failure.ok()) {
    const Job job = next_job();
    Status status;
    switch (job) {
      case Job::none:
        if (stopping_) co_return Status();
        co_await wakeup_;
        break;
      case Job::reap:
        status = co_await reap();
        break;
      case Job::room:
        status = co_await make_metadata_room();
        break;
      case Job::checkpoint:
        status = co_await checkpoint();
        break;
      case Job::destage:
        status = co_await destage();
        break;
      case Job::discard:
        status = co_await discard();
        break;
    }
    if (job != Job::none) changes_.pump();
  }
  // What waits for room is refused, what is queued for the journal is lost.
  changes_.pump();
  changes_.writer().kick();
  co_return state_.failure;
}

Flow Maintenance::checkpoint() {
  const uint64_t used_before = state_.ring.used_blocks();
  head_at_checkpoint_ = state_.ring.head();
  const uint64_t head_before = state_.ring.head();
  Status status = co_await checkpointer_.write();
  if (!status.ok()) co_return status;
  const uint64_t released =
      used_before + (state_.ring.head() - head_before) - state_.ring.used_blocks();
  const io::Nanoseconds now = state_.env.executor.now();
  if (released > 0) {
    changes_.note_release_pace((now - released_at_) / released);
    released_at_ = now;
  }
  changes_.writer().kick();
  co_return Status();
}

Flow Maintenance::make_metadata_room() {
  // Each pass either releases a segment (free after two checkpoints) or finds that nothing is left
  // to win.
  const uint32_t passes_max =
      std::min(state_.segments.count() * 4, std::max(kRoomPassesMax, state_.segments.count()));
  for (uint32_t pass = 0; pass < passes_max && metadata_tight(); ++pass) {
    Status status;
    if (state_.segments.releasing_segments() > 0) {
      status = co_await checkpoint();
    } else {
      const uint32_t victim = state_.segments.cleaning_victim();
      if (victim == state_.segments.count()) break;
      status = co_await log_.clean(victim);
      if (status.kind() == ErrorKind::no_space) break;
    }
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

Flow Maintenance::destage() {
  if (metadata_tight()) {
    const Status room = co_await make_metadata_room();
    if (!room.ok()) co_return room;
  }
  while (state_.pages.free_pages() < destager_.pages_needed_max() &&
         state_.pages.releasing_pages() > 0) {
    const Status status = co_await checkpoint();
    if (!status.ok()) co_return status;
  }
  const Status status = co_await destager_.round();
  co_return status;
}

void Maintenance::reap_chunk(Volume& volume, Destager::Target& target) {
  ChunkEntry& entry = *target.entry;
  if (entry.dirty != nullptr) {
    DirtyChunk& dirty = *entry.dirty;
    CAIRN_ASSERT(dirty.pending == 0);
    CAIRN_ASSERT(dirty.frozen.empty());
    if (!dirty.active.empty()) {
      uint32_t last = format::kPageNone;
      for (const OverlaySector& s : dirty.active.view()) {
        if (s.source != SectorSource::page || s.place == last) continue;
        last = s.place;
        state_.pages.release(s.place);
      }
      for (const uint32_t page : dirty.active.superseded_pages) state_.pages.release(page);
      state_.retire(dirty.active);
    }
  }
  if (entry.has_crec()) {
    if (target.loaded) {
      for (uint64_t left = target.record.page_map; left != 0; left &= left - 1) {
        const uint32_t page = target.record.pages[static_cast<size_t>(std::countr_zero(left))];
        state_.pages.uncommit(page);
        state_.pages.release(page);
      }
    } else {
      ++state_.stats.suspect_chunks;
    }
    state_.segments.remove_live(uint64_t{entry.offset_units} * 8, uint32_t{entry.length_units} * 8);
    volume.pages -= static_cast<uint64_t>(std::popcount(entry.page_map));
    state_.crecs.drop(entry);
    entry.offset_units = kNoCrec;
    if (entry.dirty != nullptr) {
      state_.set_page_map(*entry.dirty, entry.page_map);
      entry.dirty->page_map = entry.page_map = 0;
    }
    entry.page_map = 0;
    if (entry.dirty == nullptr) {
      --state_.index.chunks;
      --volume.chunks;
      entry = {};
      return;
    }
  }
  if (entry.dirty != nullptr) state_.settle_dirty(*entry.dirty);
  entry = {};
}

Flow Maintenance::reap() {
  DropJob& job = *state_.drops.front();
  Volume* volume = state_.index.find_volume(job.volume);
  reap_targets_.clear();
  if (volume != nullptr) {
    const uint64_t end = volume->leaves.size() * uint64_t{kChunksPerLeaf};
    for (; job.next_chunk < end && reap_targets_.size() < kReapChunks; ++job.next_chunk) {
      if (volume->leaves[job.next_chunk / kChunksPerLeaf] == nullptr) {
        job.next_chunk |= kChunksPerLeaf - 1;
        continue;
      }
      ChunkEntry* entry = volume->find(job.next_chunk);
      if (!entry->exists()) continue;
      reap_targets_.push_back({volume->id, job.next_chunk, entry, {}, false});
    }
  }
  if (reap_targets_.empty()) {
    state_.replay.remove(job);
    state_.index.erase_volume(job.volume);
    state_.drops.erase(state_.drops.begin());
    co_return Status();
  }
  const Status status = co_await destager_.load_records(reap_targets_);
  if (!status.ok()) co_return status;
  for (Destager::Target& target : reap_targets_) reap_chunk(*volume, target);
  state_.segments.settle();
  co_return Status();
}

Flow Maintenance::discard() {
  for (uint64_t i = 0; i < kDiscardRunsPerStep; ++i) {
    const uint32_t first = state_.pages.begin_discard();
    if (first == format::kPageNone) break;
    DiskOp op(state_.disk);
    op.discard(state_.geometry.page_offset(first), 64 * uint64_t{format::kPageBytes});
    // A discard is advice: a device that refuses it loses nothing.
    const Status ignored = co_await op;
    state_.pages.finish_discard(first);
  }
  co_return Status();
}

}  // namespace cairn::store
