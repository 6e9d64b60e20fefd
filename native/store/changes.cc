#include "store/changes.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::store {

using format::kPageSectors;
using format::RecordType;

namespace {

/// From this size on, whole pages skip the journal (docs/internals/disk-format.md, "Write paths").
constexpr uint32_t kBigSectorsMin = 16;
constexpr uint32_t kSmallSectorsMax = 32;

bool is_big(uint32_t first_sector, uint32_t n_sectors) {
  return n_sectors >= kBigSectorsMin && first_sector % kPageSectors == 0 &&
         n_sectors % kPageSectors == 0;
}

Status older_epoch() { return {ErrorKind::stale_epoch, "an older volume epoch"}; }

}  // namespace

uint32_t write_piece_sectors(uint32_t first_sector, uint32_t n_sectors) {
  CAIRN_ASSERT(n_sectors > 0 && first_sector + n_sectors <= kChunkSectors);
  const uint32_t head = (kPageSectors - first_sector % kPageSectors) % kPageSectors;
  if (n_sectors < head + kBigSectorsMin) return std::min(n_sectors, kSmallSectorsMax);
  if (head > 0) return head;
  return n_sectors - n_sectors % kPageSectors;
}

Changes::Changes(StoreState& state) : state_(state), writer_(state, *this) {}

void Changes::submit(StoreRequest& request) {
  request.next = nullptr;
  request.status = {};
  if (waiting_head_ == nullptr && admit(request) != Admission::wait) return;
  (waiting_tail_ == nullptr ? waiting_head_ : waiting_tail_->next) = &request;
  waiting_tail_ = &request;
  ++state_.stats.throttled;
  state_.poke();
}

void Changes::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (waiting_head_ != nullptr) {
    StoreRequest* next = waiting_head_->next;
    if (admit(*waiting_head_) == Admission::wait) break;
    waiting_head_ = next;
    if (next == nullptr) waiting_tail_ = nullptr;
  }
  pumping_ = false;
}

void Changes::on_timer() { pump(); }

Changes::Admission Changes::refuse(StoreRequest& request, Status status) {
  request.status = std::move(status);
  state_.note_request_done();
  state_.completions.add(request);
  return Admission::refused;
}

Status Changes::check_shape(const StoreRequest& r) const {
  if (r.version == 0) return {ErrorKind::invalid_argument, "version 0 means no chunk"};
  if (!r.rebase && r.version <= r.prev_version) {
    if (epoch_of(r.version) < epoch_of(r.prev_version)) return older_epoch();
    return {ErrorKind::invalid_argument, "version not above prev_version"};
  }
  if (r.chunk >= kChunksPerVolumeMax || r.n_sectors == 0 || r.first_sector >= kChunkSectors ||
      r.n_sectors > kChunkSectors - r.first_sector) {
    return {ErrorKind::invalid_argument, "range outside the chunk"};
  }
  if (r.kind == StoreRequest::Kind::write) {
    if (r.data == nullptr || write_piece_sectors(r.first_sector, r.n_sectors) != r.n_sectors) {
      return {ErrorKind::invalid_argument, "not one write piece"};
    }
    for (uint32_t i = 0; r.sector_crcs != nullptr && i < r.n_sectors; ++i) {
      if (crc32c({r.data + size_t{i} * kSectorBytes, kSectorBytes}) != r.sector_crcs[i]) {
        return {ErrorKind::checksum_mismatch, "data changed on its way to the store"};
      }
    }
  }
  return {};
}

Status Changes::check_chain(StoreRequest& r, const ChunkEntry* entry, bool& duplicate) {
  const uint64_t tip = entry != nullptr && entry->exists() ? StoreState::tip_of(*entry) : 0;
  r.version_current = tip;
  if (r.rebase) return {};
  duplicate = tip != 0 && r.version == tip;
  if (duplicate || r.prev_version == tip) {
    const uint32_t birth = entry == nullptr          ? 0
                           : entry->dirty != nullptr ? entry->dirty->birth
                                                     : entry->birth;
    if (r.birth < birth) return {ErrorKind::invalid_argument, "birth below the chunk's"};
    return {};
  }
  ++state_.stats.version_gaps;
  if (epoch_of(r.version) < epoch_of(tip)) return older_epoch();
  return {ErrorKind::version_gap, "prev_version is not the chunk's version"};
}

Changes::Admission Changes::check_space(StoreRequest& r, const ChunkEntry* entry, bool big) {
  const bool exists = entry != nullptr && entry->exists();
  if (!exists && state_.index.chunks >= state_.geometry.chunks_max) {
    ++state_.stats.no_space;
    return refuse(r, {ErrorKind::no_space, "the store's chunk table is full"});
  }
  if (r.kind != StoreRequest::Kind::write) return Admission::accepted;
  const uint64_t have = exists ? StoreState::page_map_of(*entry) : 0;
  const auto added =
      static_cast<uint64_t>(std::popcount(pages_touched(r.first_sector, r.n_sectors) & ~have));
  const uint64_t taken = big ? r.n_sectors / kPageSectors : added;
  const bool over_limit = added > 0 && state_.pages_spoken_for() + added > state_.pages_limit();
  const bool none_free = state_.pages.free_pages() < state_.reserved_pages + taken;
  if (!over_limit && !none_free) return Admission::accepted;
  if (state_.reclaim_possible() || in_flight_ > 0) return Admission::wait;
  ++state_.stats.no_space;
  return refuse(r, {ErrorKind::no_space, "no page left for new data"});
}

bool Changes::journal_has_room(const StoreRequest& request) {
  const uint64_t blocks = state_.ring.blocks();
  const uint64_t used = state_.ring.used_blocks();
  if (used * 100 >= blocks * 95) return false;
  if (used * 100 <= blocks * 60 || ns_per_block_ == 0) return true;
  const io::Nanoseconds now = state_.env.executor.now();
  if (now < next_admission_) {
    state_.env.executor.arm(*this, next_admission_ - now);
    return false;
  }
  // The delay grows linearly from nothing at 60 % to the pace of the tail at 95 %.
  const uint64_t share = (used * 100 - blocks * 60) * 1000 / (blocks * 35);
  const uint64_t cost = ns_per_block_ * (request.n_sectors + 1) * share / 1000;
  next_admission_ = now + std::min<uint64_t>(cost, 50'000'000);
  return true;
}

Changes::Admission Changes::admit(StoreRequest& r) {
  if (!state_.failure.ok()) return refuse(r, state_.failure);
  if (r.kind == StoreRequest::Kind::drop_volume) return admit_drop(r);
  if (Status shape = check_shape(r); !shape.ok()) return refuse(r, std::move(shape));
  const Volume* volume = state_.index.find_volume(r.volume);
  if (volume != nullptr && (volume->dropping || volume->drop_pending)) {
    return refuse(r, {ErrorKind::not_found, "the volume is being dropped"});
  }
  const ChunkEntry* entry = volume == nullptr ? nullptr : volume->find(r.chunk);
  bool duplicate = false;
  if (Status chain = check_chain(r, entry, duplicate); !chain.ok()) {
    return refuse(r, std::move(chain));
  }
  if (!journal_has_room(r)) return Admission::wait;
  const bool write = r.kind == StoreRequest::Kind::write;
  const bool big = write && is_big(r.first_sector, r.n_sectors);
  if (!duplicate) {
    const Admission space = check_space(r, entry, big);
    if (space != Admission::accepted) return space;
  }
  r.version_current = r.version;
  accept(r, duplicate ? RecordType::nothing
            : big     ? RecordType::write_big
            : write   ? RecordType::write_small
                      : RecordType::zero);
  return Admission::accepted;
}

Changes::Admission Changes::admit_drop(StoreRequest& r) {
  Volume* volume = state_.index.find_volume(r.volume);
  if (volume == nullptr) return refuse(r, {});
  if (volume->drop_pending || volume->changes_pending > 0) {
    return refuse(r, {ErrorKind::busy, "changes of the volume are in flight"});
  }
  if (volume->dropping) return refuse(r, {});
  volume->drop_pending = true;
  WriteOp& op = pool_.get();
  op.request = &r;
  op.type = RecordType::drop;
  op.volume = volume;
  op.ready = true;
  ++in_flight_;
  ++state_.stats.drops;
  writer_.enqueue(op);
  return Admission::accepted;
}

void Changes::accept(StoreRequest& r, RecordType type) {
  Volume& volume = state_.index.find_or_make_volume(r.volume);
  ChunkEntry& entry = volume.find_or_make(r.chunk);
  DirtyChunk& dirty = state_.make_dirty(volume, entry, r.chunk);
  WriteOp& op = pool_.get();
  op.request = &r;
  op.dirty = &dirty;
  op.volume = &volume;
  op.type = type;
  op.ready = type != RecordType::write_big;
  ++dirty.pending;
  ++volume.changes_pending;
  ++in_flight_;
  if (type != RecordType::nothing) {
    dirty.tip = r.version;
    dirty.birth = r.birth;
  }
  if (op.has_crcs()) {
    for (uint32_t i = 0; i < r.n_sectors; ++i) {
      op.crcs[i] = r.sector_crcs != nullptr
                       ? r.sector_crcs[i]
                       : crc32c({r.data + size_t{i} * kSectorBytes, kSectorBytes});
    }
    state_.stats.write_bytes += uint64_t{r.n_sectors} * kSectorBytes;
  }
  if (type == RecordType::write_small) {
    ++state_.stats.writes_small;
    state_.set_page_map(dirty, dirty.page_map | pages_touched(r.first_sector, r.n_sectors));
  }
  if (type == RecordType::zero) ++state_.stats.zeroes;
  if (dirty.order_head == nullptr && op.ready) {
    writer_.enqueue(op);
    return;
  }
  op.next = nullptr;
  (dirty.order_head == nullptr ? dirty.order_head : dirty.order_tail->next) = &op;
  dirty.order_tail = &op;
  if (type == RecordType::write_big) start_big(op);
}

void Changes::take_pages(WriteOp& op) {
  const StoreRequest& r = *op.request;
  const uint32_t first = r.first_sector / kPageSectors;
  const uint32_t count = r.n_sectors / kPageSectors;
  uint32_t previous = format::kPageNone;
  for (uint32_t i = 0; i < count; ++i) {
    previous = op.pages[i] = state_.take_page(*op.dirty, first + i, previous);
  }
}

void Changes::start_big(WriteOp& op) {
  ++state_.stats.writes_big;
  take_pages(op);
  StoreRequest& r = *op.request;
  const uint32_t count = r.n_sectors / kPageSectors;
  op.runs.clear();
  op.buffers.clear();
  op.runs.reserve(count);
  op.buffers.reserve(count);
  for (uint32_t at = 0; at < count;) {
    uint32_t end = at + 1;
    while (end < count && op.pages[end] == op.pages[end - 1] + 1) ++end;
    op.buffers.push_back(
        {r.data + size_t{at} * format::kPageBytes, size_t{end - at} * format::kPageBytes});
    io::DiskRequest& run = op.runs.emplace_back();
    run.kind = io::DiskRequest::Kind::write;
    run.offset_bytes = state_.geometry.page_offset(op.pages[at]);
    run.buffers = {&op.buffers.back(), 1};
    run.context = &op;
    at = end;
  }
  op.runs_pending = static_cast<uint32_t>(op.runs.size());
  r.internal = this;
  for (io::DiskRequest& run : op.runs) {
    run.on_done = [](io::DiskRequest& request) {
      auto& owner = *static_cast<WriteOp*>(request.context);
      static_cast<Changes*>(owner.request->internal)->on_run_done(owner, request.status);
    };
    state_.disk.submit(run);
  }
}

void Changes::on_run_done(WriteOp& op, const Status& status) {
  if (!status.ok()) state_.fail(status, "data write");
  CAIRN_ASSERT(op.runs_pending > 0);
  if (--op.runs_pending > 0) return;
  op.ready = true;
  advance_order(*op.dirty);
}

void Changes::advance_order(DirtyChunk& dirty) {
  while (dirty.order_head != nullptr && dirty.order_head->ready) {
    WriteOp& op = *dirty.order_head;
    dirty.order_head = op.next;
    if (dirty.order_head == nullptr) dirty.order_tail = nullptr;
    writer_.enqueue(op);
  }
}

void Changes::on_durable(WriteOp& op, uint64_t lsn, uint32_t payload_ring_block) {
  if (op.type == RecordType::drop) {
    op.volume->drop_pending = false;
    begin_drop(state_, *op.volume, lsn);
  } else {
    if (op.type != RecordType::nothing) apply(op, lsn, payload_ring_block);
  }
  finish(op, {});
}

void Changes::on_lost(WriteOp& op) {
  if (op.type == RecordType::drop) op.volume->drop_pending = false;
  finish(op, state_.failure);
}

void Changes::on_group_done() {
  state_.note_request_done();
  if (on_activity != nullptr) on_activity(activity_context);
}

void Changes::apply(WriteOp& op, uint64_t lsn, uint32_t payload_ring_block) {
  const StoreRequest& r = *op.request;
  std::array<OverlaySector, kChunkSectors> sectors;
  for (uint32_t i = 0; i < r.n_sectors; ++i) {
    OverlaySector& s = sectors[i];
    s = {};
    const uint32_t sector = r.first_sector + i;
    s.sector = static_cast<uint8_t>(sector);
    switch (op.type) {
      case RecordType::write_small:
        s.source = SectorSource::journal;
        s.framed = true;
        s.crc = op.crcs[i];
        s.place = payload_ring_block + op.payload_block + i;
        s.frame = static_cast<uint32_t>(op.first_frame + i);
        break;
      case RecordType::write_big:
        s.source = SectorSource::page;
        s.crc = op.crcs[i];
        s.place = op.pages[i / kPageSectors];
        break;
      default:
        s.source = SectorSource::zero;
        break;
    }
  }
  format::Record record;
  record.version = r.version;
  record.birth = r.birth;
  record.pg = r.pg;
  record.rebase = r.rebase;
  record.first_sector = static_cast<uint16_t>(r.first_sector);
  state_.apply(*op.dirty, lsn, record, std::span(sectors).first(r.n_sectors));
}

void Changes::finish(WriteOp& op, Status status) {
  StoreRequest& request = *op.request;
  if (op.dirty != nullptr) {
    DirtyChunk& dirty = *op.dirty;
    --dirty.pending;
    --op.volume->changes_pending;
    if (state_.failure.ok()) state_.settle_dirty(dirty);
  }
  --in_flight_;
  pool_.put(op);
  state_.note_request_done();
  request.status = std::move(status);
  request.on_done(request);
}

void begin_drop(StoreState& state, Volume& volume, uint64_t lsn) {
  if (volume.dropping) return;
  volume.dropping = true;
  auto job = std::make_unique<DropJob>();
  job->volume = volume.id;
  state.replay.append(*job, lsn);
  state.drops.push_back(std::move(job));
  state.poke();
}

}  // namespace cairn::store
