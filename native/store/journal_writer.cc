#include "store/journal_writer.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace cairn::store {

using format::kGroupHeaderBlocksMax;

namespace {

/// The longest small write travels in one group.
constexpr uint32_t kPayloadBlocksMin = 32;

}  // namespace

JournalWriter::Slot::Slot() : header(format::kGroupHeaderBytesMax), encoder(header.span()) {}

JournalWriter::JournalWriter(StoreState& state, Listener& listener)
    : state_(state), listener_(listener) {
  for (Slot& slot : slots_) slot.writer = this;
  note_.type = format::RecordType::nothing;
  note_.ready = true;
}

void JournalWriter::start(std::vector<format::DigestDisk> previous) {
  slots_count_ = state_.disk.cache_is_volatile() ? 1 : kSlotsMax;
  previous_digests_ = std::move(previous);
  // No frame of a group in flight may be filled again, and a few groups must fit the ring.
  const uint64_t fitting =
      std::min(state_.window.frames() / (slots_count_ + 1), uint64_t{state_.ring.blocks()} / 4);
  payload_max_ = static_cast<uint32_t>(
      std::min<uint64_t>(state_.config.group_bytes_max / kSectorBytes, fitting));
  payload_max_ = std::max(payload_max_, kPayloadBlocksMin);
  CAIRN_ASSERT(state_.window.frames() >= uint64_t{slots_count_ + 1} * payload_max_);
}

void JournalWriter::enqueue(WriteOp& op) {
  CAIRN_ASSERT(op.ready);
  queue_.push(op);
  if (in_flight_ < slots_count_) kick();
}

void JournalWriter::write_note() {
  if (note_queued_ || !state_.failure.ok()) return;
  note_queued_ = true;
  enqueue(note_);
}

void JournalWriter::kick() {
  if (scheduled_ || queue_.empty()) return;
  scheduled_ = true;
  state_.env.executor.post(*this);
}

void JournalWriter::run() {
  scheduled_ = false;
  if (!state_.failure.ok()) {
    if (in_flight_ == 0) lose_everything();
    return;
  }
  while (in_flight_ < slots_count_ && seal()) {
  }
}

uint32_t JournalWriter::add_record(Slot& slot, WriteOp& op, uint32_t payload) {
  format::Record record;
  record.type = op.type;
  if (op.request != nullptr) {
    const StoreRequest& r = *op.request;
    record.pg = r.pg;
    record.volume = r.volume;
    record.chunk = r.chunk;
    record.birth = r.birth;
    record.version = r.version;
    record.previous_version = r.prev_version;
    if (op.type != format::RecordType::drop && op.type != format::RecordType::nothing) {
      record.first_sector = static_cast<uint16_t>(r.first_sector);
      record.sectors_count = static_cast<uint16_t>(r.n_sectors);
      record.rebase = r.rebase;
    }
  }
  if (op.has_crcs()) record.sector_crcs = std::span(op.crcs).first(op.sectors());
  uint32_t blocks = 0;
  if (op.has_payload()) {
    blocks = op.sectors();
    op.payload_block = record.payload_block = payload;
    op.first_frame = state_.window.next_frame();
    for (uint32_t i = 0; i < blocks; ++i) {
      std::memcpy(state_.window.advance(), op.request->data + size_t{i} * kSectorBytes,
                  kSectorBytes);
    }
  } else if (op.type == format::RecordType::write_big) {
    record.pages = std::span(op.pages).first(op.sectors() / format::kPageSectors);
    slot.has_big = true;
  }
  slot.encoder.add(record);
  return blocks;
}

uint32_t JournalWriter::fill(Slot& slot, uint32_t payload_max) {
  const uint32_t records_max = std::min(state_.config.group_records_max, format::kGroupRecordsMax);
  uint32_t payload = 0;
  while (WriteOp* op = queue_.head()) {
    const uint32_t crcs = op->has_crcs() ? op->sectors() : 0;
    const uint32_t pages =
        op->type == format::RecordType::write_big ? op->sectors() / format::kPageSectors : 0;
    const uint32_t blocks = op->has_payload() ? op->sectors() : 0;
    if (slot.encoder.records_count() >= records_max || !slot.encoder.fits(crcs, pages) ||
        payload + blocks > payload_max) {
      break;
    }
    queue_.pop();
    payload += add_record(slot, *op, payload);
    slot.ops.push(*op);
  }
  return payload;
}

bool JournalWriter::seal() {
  if (queue_.empty()) return false;
  const WriteOp& first = *queue_.head();
  const auto place =
      state_.ring.place(kGroupHeaderBlocksMax + (first.has_payload() ? first.sectors() : 0),
                        kGroupHeaderBlocksMax + payload_max_);
  blocked_ = !place;
  if (blocked_) {
    state_.poke();
    return false;
  }
  Slot& slot = slots_[next_slot_];
  CAIRN_ASSERT(!slot.busy);
  slot.busy = true;
  slot.done = false;
  slot.has_big = false;
  slot.encoder.reset();
  const uint64_t first_frame = state_.window.next_frame();
  const uint32_t payload = fill(slot, place->blocks_max - kGroupHeaderBlocksMax);
  CAIRN_ASSERT(slot.encoder.records_count() > 0);
  slot.lsn = state_.ring.next_lsn();
  const auto ring_block = static_cast<uint32_t>(place->position % state_.ring.blocks());
  const format::GroupFields fields{slot.lsn,
                                   state_.durable_lsn,
                                   state_.superblock.sequence,
                                   state_.ring.last_header_crc(),
                                   ring_block,
                                   payload};
  const uint32_t header_blocks =
      slot.encoder.seal(state_.journal_identity, fields, previous_digests_);
  const auto digests = slot.encoder.digests();
  previous_digests_.assign(digests.begin(), digests.end());
  state_.ring.append(place->position, header_blocks + payload, slot.encoder.header_crc());
  slot.payload_ring_block = ring_block + header_blocks;
  last_group_is_note_ = slot.ops.head() == &note_ && slot.encoder.records_count() == 1;
  set_buffers(slot, header_blocks, first_frame, payload);
  slot.write.offset_bytes = state_.geometry.journal_offset + uint64_t{ring_block} * kSectorBytes;
  ++state_.stats.journal_groups;
  state_.stats.journal_records += slot.encoder.records_count();
  state_.stats.journal_bytes += uint64_t{header_blocks + payload} * kSectorBytes;
  next_slot_ = (next_slot_ + 1) % slots_count_;
  ++in_flight_;
  launch(slot);
  return true;
}

void JournalWriter::set_buffers(Slot& slot, uint32_t header_blocks, uint64_t first_frame,
                                uint32_t payload) {
  slot.buffers[0] = {slot.header.data(), size_t{header_blocks} * kSectorBytes};
  uint32_t count = 1;
  if (payload > 0) {
    const uint64_t to_end = state_.window.frames() - first_frame % state_.window.frames();
    const auto part = static_cast<uint32_t>(std::min<uint64_t>(payload, to_end));
    slot.buffers[count++] = {state_.window.memory(first_frame), size_t{part} * kSectorBytes};
    if (part < payload) {
      slot.buffers[count++] = {state_.window.memory(first_frame + part),
                               size_t{payload - part} * kSectorBytes};
    }
  }
  slot.write.buffers = std::span(slot.buffers).first(count);
}

void JournalWriter::launch(Slot& slot) {
  const bool is_volatile = state_.disk.cache_is_volatile();
  slot.write.kind = io::DiskRequest::Kind::write;
  slot.write.durable = is_volatile;
  slot.write.context = &slot;
  slot.write.on_done = [](io::DiskRequest& request) {
    auto& done = *static_cast<Slot*>(request.context);
    done.writer->on_device_done(done, request.status, "journal write");
  };
  if (!slot.has_big || !is_volatile) {
    state_.disk.submit(slot.write);
    return;
  }
  // The data of big writes completed before; one flush makes all of it durable before the records
  // that name it.
  slot.flush.kind = io::DiskRequest::Kind::flush;
  slot.flush.context = &slot;
  slot.flush.on_done = [](io::DiskRequest& request) {
    auto& flushed = *static_cast<Slot*>(request.context);
    if (request.status.ok()) {
      flushed.writer->state_.disk.submit(flushed.write);
    } else {
      flushed.writer->on_device_done(flushed, request.status, "flush before the journal write");
    }
  };
  state_.disk.submit(slot.flush);
}

void JournalWriter::on_device_done(Slot& slot, const Status& status, const char* what) {
  if (!status.ok()) state_.fail(status, what);
  slot.done = true;
  finish_in_order();
}

void JournalWriter::finish_in_order() {
  // Completions run callers' code, which may submit; only the outermost call walks the slots.
  if (finishing_) return;
  finishing_ = true;
  while (in_flight_ > 0 && slots_[oldest_slot_].done) {
    Slot& slot = slots_[oldest_slot_];
    const bool ok = state_.failure.ok();
    if (ok) {
      CAIRN_ASSERT(slot.lsn == state_.durable_lsn + 1);
      state_.durable_lsn = slot.lsn;
    }
    while (WriteOp* op = slot.ops.pop()) {
      if (op == &note_) {
        note_queued_ = false;
      } else if (ok) {
        listener_.on_durable(*op, slot.lsn, slot.payload_ring_block);
      } else {
        listener_.on_lost(*op);
      }
    }
    slot.busy = false;
    oldest_slot_ = (oldest_slot_ + 1) % slots_count_;
    --in_flight_;
    listener_.on_group_done();
  }
  finishing_ = false;
  kick();
  if (!state_.failure.ok() && in_flight_ == 0) lose_everything();
}

void JournalWriter::lose_everything() {
  const bool any = !queue_.empty();
  while (WriteOp* op = queue_.pop()) {
    if (op == &note_) {
      note_queued_ = false;
    } else {
      listener_.on_lost(*op);
    }
  }
  if (any) listener_.on_group_done();
}

}  // namespace cairn::store
