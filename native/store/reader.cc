#include "store/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::store {

namespace {

/// A record is at most 1.5 KiB, so it touches at most two blocks.
constexpr size_t kCrecReadBytes = 2 * size_t{format::kBlockBytes};

/// The newer state of one sector.
void enter(ChunkMapRequest& map, const OverlaySector& s) {
  const bool lost = s.source == SectorSource::lost;
  format::clear_bit(map.allocated, s.sector);
  format::clear_bit(map.lost, s.sector);
  if (s.source != SectorSource::zero) format::set_bit(map.allocated, s.sector);
  if (lost) format::set_bit(map.lost, s.sector);
  if (map.crcs != nullptr) map.crcs[s.sector] = lost || s.source == SectorSource::zero ? 0 : s.crc;
}

}  // namespace

Reader::ReadOp& Reader::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<ReadOp>());
    all_.back()->reader = this;
    free_.push_back(all_.back().get());
  }
  ReadOp& op = *free_.back();
  free_.pop_back();
  op.request = nullptr;
  op.map = nullptr;
  op.attempts = 0;
  ++in_flight_;
  return op;
}

void Reader::submit(StoreRequest& request) {
  request.status = {};
  ReadOp& op = take();
  op.request = &request;
  op.in_submit = true;
  const bool bad = request.n_sectors == 0 || request.first_sector >= kChunkSectors ||
                   request.n_sectors > kChunkSectors - request.first_sector ||
                   request.data == nullptr || request.chunk >= kChunksPerVolumeMax;
  if (bad) {
    finish(op, {ErrorKind::invalid_argument, "range outside the chunk"});
    return;
  }
  ++state_.stats.reads;
  state_.stats.read_bytes += uint64_t{request.n_sectors} * kSectorBytes;
  step(op);
  op.in_submit = false;
}

void Reader::submit(ChunkMapRequest& request) {
  request.status = {};
  ReadOp& op = take();
  op.map = &request;
  op.in_submit = true;
  step(op);
  op.in_submit = false;
}

Status Reader::find(uint64_t volume_id, uint32_t chunk, ChunkEntry*& entry) const {
  entry = nullptr;
  const Volume* volume = state_.index.find_volume(volume_id);
  if (volume == nullptr) return {};
  if (volume->dropping) return {ErrorKind::not_found, "the volume is being dropped"};
  ChunkEntry* found = volume->find(chunk);
  if (found == nullptr || !found->exists()) return {};
  entry = found;
  return {};
}

void Reader::step(ReadOp& op) {
  if (!state_.failure.ok()) return finish(op, state_.failure);
  const uint64_t volume = op.request != nullptr ? op.request->volume : op.map->volume;
  const uint32_t chunk = op.request != nullptr ? op.request->chunk : op.map->chunk;
  ChunkEntry* entry = nullptr;
  if (Status found = find(volume, chunk, entry); !found.ok()) {
    return finish(op, std::move(found));
  }
  const format::ChunkRecord* record = nullptr;
  if (entry != nullptr && needs_crec(op, *entry)) {
    record = state_.crecs.get(*entry);
    if (record == nullptr) {
      ++state_.stats.crec_misses;
      return load_crec(op, *entry);
    }
    ++state_.stats.crec_hits;
  }
  if (op.request != nullptr) return start_io(op, entry, record);
  fill_map(op, entry, record);
  finish(op, {});
}

bool Reader::needs_crec(const ReadOp& op, const ChunkEntry& entry) const {
  if (!entry.has_crec()) return false;
  if (op.map != nullptr) return op.map->crcs != nullptr || !(entry.full && entry.dirty == nullptr);
  if (entry.dirty == nullptr) return true;
  for (uint32_t i = 0; i < op.request->n_sectors; ++i) {
    if (entry.dirty->find(op.request->first_sector + i) == nullptr) return true;
  }
  return false;
}

void Reader::load_crec(ReadOp& op, const ChunkEntry& entry) {
  if (op.crec_memory.size() == 0) op.crec_memory = AlignedBuffer(kCrecReadBytes);
  op.crec_at = state_.crec_place(entry);
  op.crec_units = entry.offset_units;
  op.crec_buffer = {op.crec_memory.data(), op.crec_at.read_bytes};
  op.crec_read.kind = io::DiskRequest::Kind::read;
  op.crec_read.offset_bytes = op.crec_at.offset_bytes;
  op.crec_read.buffers = {&op.crec_buffer, 1};
  op.crec_read.context = &op;
  op.crec_read.on_done = [](io::DiskRequest& request) {
    auto& owner = *static_cast<ReadOp*>(request.context);
    owner.reader->on_crec(owner);
  };
  state_.disk.submit(op.crec_read);
}

void Reader::on_crec(ReadOp& op) {
  const uint64_t volume = op.request != nullptr ? op.request->volume : op.map->volume;
  const uint32_t chunk = op.request != nullptr ? op.request->chunk : op.map->chunk;
  ChunkEntry* entry = nullptr;
  if (Status found = find(volume, chunk, entry); !found.ok()) {
    return finish(op, std::move(found));
  }
  const bool same = entry != nullptr && entry->has_crec() && entry->offset_units == op.crec_units;
  if (same && entry->cached == kNoCrec) {
    Status status = op.crec_read.status;
    format::ChunkRecord record;
    if (status.ok()) {
      const auto bytes = op.crec_memory.span().subspan(
          op.crec_at.skip_bytes, op.crec_at.read_bytes - op.crec_at.skip_bytes);
      status = state_.decode_crec(bytes, volume, chunk, *entry, record);
    }
    if (!status.ok()) {
      ++state_.stats.checksum_errors;
      return finish(op, {status.kind(), fmt::format("record of chunk {} of volume {}: {}", chunk,
                                                    volume, status.message())});
    }
    state_.crecs.put(*entry, record);
  } else if (++op.attempts > kAttemptsMax) {
    return finish(op, {ErrorKind::busy, "the chunk record keeps moving"});
  }
  step(op);
}

Reader::Source Reader::source_of(const ChunkEntry& entry, const format::ChunkRecord* record,
                                 uint32_t sector) const {
  if (entry.dirty != nullptr) {
    if (const OverlaySector* found = entry.dirty->find(sector)) {
      return {found->source, found->place, found->crc};
    }
  }
  if (record == nullptr) return {SectorSource::zero, 0, 0};
  if (format::test_bit(record->lost, sector)) return {SectorSource::lost, 0, 0};
  if (!format::test_bit(record->valid, sector)) return {SectorSource::zero, 0, 0};
  return {SectorSource::page, record->pages[sector / format::kPageSectors], record->crcs[sector]};
}

uint64_t Reader::device_offset(const ReadOp& op, uint32_t index) const {
  const Source& s = op.sources[index];
  if (s.source == SectorSource::journal) {
    return state_.geometry.journal_offset + uint64_t{s.place} * kSectorBytes;
  }
  const uint32_t in_page = (op.request->first_sector + index) % format::kPageSectors;
  return state_.geometry.page_offset(s.place) + uint64_t{in_page} * kSectorBytes;
}

void Reader::add_run(ReadOp& op, uint32_t index, uint64_t offset_bytes) {
  std::byte* memory = op.request->data + size_t{index} * kSectorBytes;
  if (!op.runs.empty()) {
    iovec& last = op.buffers.back();
    const bool adjoining = op.runs.back().offset_bytes + last.iov_len == offset_bytes &&
                           static_cast<std::byte*>(last.iov_base) + last.iov_len == memory;
    if (adjoining) {
      last.iov_len += kSectorBytes;
      return;
    }
  }
  op.buffers.push_back({memory, kSectorBytes});
  io::DiskRequest& run = op.runs.emplace_back();
  run.kind = io::DiskRequest::Kind::read;
  run.offset_bytes = offset_bytes;
  run.context = &op;
  run.on_done = [](io::DiskRequest& request) {
    auto& owner = *static_cast<ReadOp*>(request.context);
    owner.reader->on_run_done(owner, request.status);
  };
}

void Reader::start_io(ReadOp& op, const ChunkEntry* entry, const format::ChunkRecord* record) {
  StoreRequest& r = *op.request;
  op.runs.clear();
  op.buffers.clear();
  for (uint32_t i = 0; i < r.n_sectors; ++i) {
    Source& s = op.sources[i];
    s = entry == nullptr ? Source{SectorSource::zero, 0, 0}
                         : source_of(*entry, record, r.first_sector + i);
    std::byte* memory = r.data + size_t{i} * kSectorBytes;
    if (s.source == SectorSource::lost) {
      ++state_.stats.checksum_errors;
      return finish(op, {ErrorKind::checksum_mismatch,
                         fmt::format("sector {} of chunk {} of volume {} was lost by the drive",
                                     r.first_sector + i, r.chunk, r.volume)});
    }
    if (s.source == SectorSource::zero) {
      std::memset(memory, 0, kSectorBytes);
      continue;
    }
    if (s.source == SectorSource::journal) {
      const OverlaySector* found = entry->dirty->find(r.first_sector + i);
      const std::byte* frame = found->framed ? state_.window.find(found->frame) : nullptr;
      if (frame != nullptr) {
        std::memcpy(memory, frame, kSectorBytes);
        continue;
      }
    }
    add_run(op, i, device_offset(op, i));
  }
  submit_runs(op);
}

void Reader::submit_runs(ReadOp& op) {
  op.runs_pending = static_cast<uint32_t>(op.runs.size());
  if (op.runs.empty()) return verify(op);
  for (size_t i = 0; i < op.runs.size(); ++i) op.runs[i].buffers = {&op.buffers[i], 1};
  for (io::DiskRequest& run : op.runs) state_.disk.submit(run);
}

void Reader::on_run_done(ReadOp& op, const Status&) {
  CAIRN_ASSERT(op.runs_pending > 0);
  if (--op.runs_pending > 0) return;
  for (const io::DiskRequest& run : op.runs) {
    if (!run.status.ok()) return finish(op, run.status);
  }
  verify(op);
}

void Reader::verify(ReadOp& op) {
  const StoreRequest& r = *op.request;
  for (uint32_t i = 0; i < r.n_sectors; ++i) {
    const Source& s = op.sources[i];
    if (s.source == SectorSource::zero) continue;
    if (crc32c({r.data + size_t{i} * kSectorBytes, kSectorBytes}) == s.crc) continue;
    // Either the bytes are bad, or a destage changed the place while the read was under way.
    ChunkEntry* entry = nullptr;
    if (Status found = find(r.volume, r.chunk, entry); !found.ok()) {
      return finish(op, std::move(found));
    }
    const format::ChunkRecord* record = entry == nullptr ? nullptr : state_.crecs.get(*entry);
    const bool unknown = entry != nullptr && entry->has_crec() && record == nullptr;
    const bool moved =
        entry == nullptr || unknown || !(source_of(*entry, record, r.first_sector + i) == s);
    if (moved && ++op.attempts <= kAttemptsMax) return step(op);
    ++state_.stats.checksum_errors;
    return finish(
        op, {ErrorKind::checksum_mismatch, fmt::format("sector {} of chunk {} of volume {}",
                                                       r.first_sector + i, r.chunk, r.volume)});
  }
  finish(op, {});
}

void Reader::fill_map(ReadOp& op, const ChunkEntry* entry, const format::ChunkRecord* record) {
  ChunkMapRequest& map = *op.map;
  map.version = 0;
  map.allocated = {};
  map.lost = {};
  if (map.crcs != nullptr) std::fill_n(map.crcs, kChunkSectors, 0u);
  if (entry == nullptr) return;
  map.version = entry->version;
  if (entry->full) map.allocated.fill(~uint64_t{0});
  if (record != nullptr) {
    map.lost = record->lost;
    for (size_t i = 0; i < map.lost.size(); ++i) {
      map.allocated[i] = record->valid[i] | record->lost[i];
    }
    if (map.crcs != nullptr) std::ranges::copy(record->crcs, map.crcs);
  }
  if (entry->dirty == nullptr) return;
  for (const Overlay* overlay : {&entry->dirty->frozen, &entry->dirty->active}) {
    if (overlay->empty()) continue;
    map.version = overlay->version;
    for (const OverlaySector& s : overlay->view()) enter(map, s);
  }
}

void Reader::finish(ReadOp& op, Status status) {
  --in_flight_;
  free_.push_back(&op);
  const bool in_submit = op.in_submit;
  op.in_submit = false;
  state_.note_request_done();
  if (op.request != nullptr) {
    StoreRequest& request = *op.request;
    request.status = std::move(status);
    if (in_submit) {
      state_.completions.add(request);
    } else {
      request.on_done(request);
    }
    return;
  }
  ChunkMapRequest& request = *op.map;
  request.status = std::move(status);
  if (in_submit) {
    state_.completions.add(request);
  } else {
    request.on_done(request);
  }
}

}  // namespace cairn::store
