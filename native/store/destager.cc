#include "store/destager.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::store {

using format::kChunkPages;
using format::kPageNone;
using format::kPageSectors;

namespace {

constexpr uint32_t kCrecReadBytes = 2 * format::kBlockBytes;
constexpr uint32_t kReadAttempts = 4;

}  // namespace

bool Destager::has_work() const {
  for (const ReplayNode* node = state_.replay.head(); node != nullptr; node = node->next) {
    if (node->is_drop) continue;
    if (!static_cast<const Overlay*>(node)->chunk->volume->dropping) return true;
  }
  return false;
}

uint64_t Destager::pages_needed_max() const {
  return std::min<uint64_t>(state_.reserved_pages, state_.config.destage_sectors_max);
}

void Destager::select() {
  jobs_.clear();
  targets_.clear();
  uint32_t sectors = 0;
  ReplayNode* next = nullptr;
  for (ReplayNode* node = state_.replay.head(); node != nullptr; node = next) {
    next = node->next;
    if (node->is_drop) continue;
    auto& overlay = *static_cast<Overlay*>(node);
    DirtyChunk& dirty = *overlay.chunk;
    if (dirty.volume->dropping) continue;
    CAIRN_ASSERT(&overlay == &dirty.active);
    uint32_t payload = 0;
    for (const OverlaySector& s : overlay.view()) {
      if (s.source == SectorSource::journal) ++payload;
    }
    const bool full = jobs_.size() >= state_.config.destage_chunks_max ||
                      sectors + payload > state_.config.destage_sectors_max;
    if (!jobs_.empty() && full) break;
    sectors += payload;
    state_.freeze(dirty);
    dirty.destaging = true;
    jobs_.push_back({&dirty, state_.durable_lsn, {}});
    targets_.push_back({dirty.volume->id, dirty.chunk, dirty.entry, {}, false});
  }
  const size_t needed = std::max<size_t>(sectors, 1) * format::kSectorBytes;
  if (staging_.size() < needed) {
    staging_ = AlignedBuffer(
        std::max(needed, size_t{state_.config.destage_sectors_max} * format::kSectorBytes));
  }
}

Flow Destager::load_records(std::vector<Target>& targets) {
  std::vector<size_t> missing;
  for (size_t i = 0; i < targets.size(); ++i) {
    Target& t = targets[i];
    t.record = {};
    t.loaded = !t.entry->has_crec();
    if (t.loaded) continue;
    if (const format::ChunkRecord* cached = state_.crecs.get(*t.entry)) {
      t.record = *cached;
      t.loaded = true;
    } else {
      missing.push_back(i);
    }
  }
  if (!missing.empty() && crec_memory_.size() < missing.size() * kCrecReadBytes) {
    crec_memory_ = AlignedBuffer(missing.size() * kCrecReadBytes);
  }
  for (uint32_t attempt = 0; attempt < kReadAttempts && !missing.empty(); ++attempt) {
    batch_.clear();
    for (size_t i = 0; i < missing.size(); ++i) {
      const auto place = state_.crec_place(*targets[missing[i]].entry);
      batch_.add(io::DiskRequest::Kind::read, place.offset_bytes,
                 crec_memory_.data() + i * kCrecReadBytes, place.read_bytes);
    }
    const Status ignored = co_await batch_;
    std::vector<size_t> failed;
    for (size_t i = 0; i < missing.size(); ++i) {
      Target& t = targets[missing[i]];
      const auto place = state_.crec_place(*t.entry);
      const auto bytes = crec_memory_.span().subspan(i * kCrecReadBytes, kCrecReadBytes);
      t.loaded =
          batch_.status(i).ok() &&
          state_
              .decode_crec(bytes.subspan(place.skip_bytes, place.read_bytes - place.skip_bytes),
                           t.volume, t.chunk, *t.entry, t.record)
              .ok();
      if (!t.loaded) failed.push_back(missing[i]);
    }
    missing.swap(failed);
  }
  co_return Status();
}

void Destager::rebuild_lost(Target& target) {
  // The record cannot be read: what it said is gone, and so are the numbers of its pages, which
  // stay committed.
  ++state_.stats.suspect_chunks;
  target.record = {};
  target.record.volume = target.volume;
  target.record.chunk = target.chunk;
  for (uint64_t left = target.entry->page_map; left != 0; left &= left - 1) {
    const auto page = static_cast<uint32_t>(std::countr_zero(left));
    for (uint32_t i = 0; i < kPageSectors; ++i) {
      format::set_bit(target.record.lost, page * kPageSectors + i);
    }
  }
  state_.stats.lost_sectors +=
      static_cast<uint64_t>(std::popcount(target.entry->page_map)) * kPageSectors;
}

Flow Destager::stage_payload() {
  struct Fetch {
    uint32_t block;
    uint32_t slot;
    OverlaySector* sector;
  };
  std::vector<Fetch> fetches;
  uint32_t slot = 0;
  for (Job& job : jobs_) {
    Overlay& overlay = job.dirty->frozen;
    for (OverlaySector& s : std::span(overlay.sectors, overlay.count)) {
      if (s.source != SectorSource::journal) continue;
      const std::byte* frame = s.framed ? state_.window.find(s.frame) : nullptr;
      if (frame != nullptr) {
        std::memcpy(staged(slot), frame, format::kSectorBytes);
      } else {
        fetches.push_back({s.place, slot, &s});
      }
      ++slot;
    }
  }
  if (fetches.empty()) co_return Status();
  std::ranges::sort(fetches, {}, &Fetch::block);
  for (uint32_t attempt = 0; attempt < kReadAttempts && !fetches.empty(); ++attempt) {
    batch_.clear();
    for (const Fetch& f : fetches) {
      const uint64_t offset =
          state_.geometry.journal_offset + uint64_t{f.block} * format::kSectorBytes;
      if (!batch_.extend(offset, staged(f.slot), format::kSectorBytes)) {
        batch_.add(io::DiskRequest::Kind::read, offset, staged(f.slot), format::kSectorBytes);
      }
    }
    const Status ignored = co_await batch_;
    std::erase_if(fetches, [this](const Fetch& f) {
      return crc32c({staged(f.slot), format::kSectorBytes}) == f.sector->crc;
    });
  }
  for (const Fetch& f : fetches) {
    // The slot stays allotted to the sector, so that slots and sectors keep the same order.
    f.sector->framed = false;
    f.sector->crc = 0;
    f.sector->source = SectorSource::lost;
    f.sector->place = kPageNone;
    ++state_.stats.lost_sectors;
    ++state_.stats.checksum_errors;
  }
  co_return Status();
}

void Destager::place_sector(const OverlaySector& sector, uint32_t page) {
  const uint64_t offset = state_.geometry.page_offset(page) +
                          uint64_t{sector.sector % kPageSectors} * format::kSectorBytes;
  placements_.push_back({offset, staged(next_slot_)});
}

uint32_t Destager::page_for(Job& job, uint32_t index, uint32_t previous) {
  // After a crash a chunk may hold the page of a big write that was trimmed and written again,
  // although in the earlier life that page was overwritten in place: when pages are short, the
  // replaced ones of the chunk itself come first.
  std::vector<uint32_t>& replaced = job.dirty->frozen.superseded_pages;
  if (!replaced.empty() && state_.pages.free_pages() <= state_.reserved_pages) {
    const uint32_t page = replaced.back();
    replaced.pop_back();
    return page;
  }
  return state_.take_page(*job.dirty, index, previous);
}

void Destager::build_page(Job& job, format::ChunkRecord& record,
                          std::span<const OverlaySector> sectors, uint32_t& previous) {
  const uint32_t index = sectors.front().sector / kPageSectors;
  const uint64_t bit = uint64_t{1} << index;
  uint32_t big = kPageNone;
  bool payload = false;
  for (const OverlaySector& s : sectors) {
    if (s.source == SectorSource::page) big = s.place;
    payload = payload || s.source == SectorSource::journal;
  }
  const bool had = (record.page_map & bit) != 0;
  uint32_t page = had ? record.pages[index] : kPageNone;
  if (big != kPageNone) page = big;
  if (page == kPageNone && payload) page = page_for(job, index, previous);
  for (const OverlaySector& s : sectors) {
    format::clear_bit(record.lost, s.sector);
    format::clear_bit(record.valid, s.sector);
    record.crcs[s.sector] = 0;
    const bool staged_slot = s.source == SectorSource::journal ||
                             (s.source == SectorSource::lost && s.place == kPageNone);
    switch (s.source) {
      case SectorSource::journal:
        place_sector(s, page);
        [[fallthrough]];
      case SectorSource::page:
        format::set_bit(record.valid, s.sector);
        record.crcs[s.sector] = s.crc;
        break;
      case SectorSource::lost:
        format::set_bit(record.lost, s.sector);
        break;
      case SectorSource::zero:
        break;
      case SectorSource::none:
        CAIRN_ASSERT(false);
        break;
    }
    if (staged_slot) ++next_slot_;
  }
  const uint32_t first = index * kPageSectors;
  const bool holds_data = ((record.valid[first / 64] >> (first % 64)) & 0xf) != 0;
  if (holds_data) {
    record.page_map |= bit;
    record.pages[index] = page;
    previous = page;
    return;
  }
  if (big != kPageNone) job.released.push_back(big);
  record.page_map &= ~bit;
  record.pages[index] = 0;
}

void Destager::build(Job& job, format::ChunkRecord& record) {
  const Overlay& overlay = job.dirty->frozen;
  CAIRN_ASSERT(!job.dirty->entry->has_crec() || record.lsn < job.lsn || record.version == 0);
  record.volume = job.dirty->volume->id;
  record.chunk = job.dirty->chunk;
  record.birth = overlay.birth;
  record.lsn = job.lsn;
  record.version = overlay.version;
  record.pg = overlay.pg;
  record.last_modified_epoch = static_cast<uint32_t>(overlay.version >> 40);
  if (job.dirty->run_hint == kPageNone && record.page_map != 0) {
    const auto index = static_cast<uint32_t>(std::countr_zero(record.page_map));
    if (record.pages[index] >= index) job.dirty->run_hint = record.pages[index] - index;
  }
  uint32_t previous = kPageNone;
  const auto all = overlay.view();
  for (size_t at = 0; at < all.size();) {
    size_t end = at + 1;
    while (end < all.size() && all[end].sector / kPageSectors == all[at].sector / kPageSectors) {
      ++end;
    }
    build_page(job, record, all.subspan(at, end - at), previous);
    at = end;
  }
}

Flow Destager::write_pages() {
  std::ranges::sort(placements_, {}, &Placement::offset_bytes);
  batch_.clear();
  for (size_t i = 0; i < placements_.size(); ++i) {
    const Placement& p = placements_[i];
    CAIRN_ASSERT(i == 0 || placements_[i - 1].offset_bytes < p.offset_bytes);
    if (!batch_.extend(p.offset_bytes, p.memory, format::kSectorBytes)) {
      batch_.add(io::DiskRequest::Kind::write, p.offset_bytes, p.memory, format::kSectorBytes);
    }
  }
  const Status status = co_await batch_;
  if (!status.ok()) state_.fail(status, "page write");
  state_.stats.destaged_sectors += placements_.size();
  co_return status;
}

void Destager::commit_pages(Job& job, const format::ChunkRecord& before,
                            const format::ChunkRecord& after) {
  for (uint32_t i = 0; i < kChunkPages; ++i) {
    const bool had = ((before.page_map >> i) & 1) != 0;
    const bool has = ((after.page_map >> i) & 1) != 0;
    const bool same = had && has && before.pages[i] == after.pages[i];
    if (same) continue;
    if (had) {
      state_.pages.uncommit(before.pages[i]);
      state_.pages.release(before.pages[i]);
    }
    if (has) state_.pages.commit(after.pages[i]);
  }
  for (const uint32_t page : job.released) state_.pages.release(page);
  for (const uint32_t page : job.dirty->frozen.superseded_pages) state_.pages.release(page);
}

void Destager::commit(Job& job, const format::ChunkRecord& record, const CrecWrite& write) {
  DirtyChunk& dirty = *job.dirty;
  ChunkEntry& entry = *dirty.entry;
  CAIRN_ASSERT(record.lsn > entry.lsn);
  CAIRN_ASSERT(dirty.frozen.rebased || record.version >= entry.version);
  if (entry.has_crec()) {
    state_.segments.remove_live(uint64_t{entry.offset_units} * 8, uint32_t{entry.length_units} * 8);
  }
  state_.segments.add_live(uint64_t{write.offset_units} * 8, uint32_t{write.length_units} * 8);
  dirty.volume->pages += static_cast<uint64_t>(std::popcount(record.page_map));
  dirty.volume->pages -= static_cast<uint64_t>(std::popcount(entry.page_map));
  // What later changes were promised stays promised.
  const bool later = dirty.pending > 0 || !dirty.active.empty();
  const uint64_t wanted = later ? dirty.page_map | record.page_map : record.page_map;
  state_.set_page_map(dirty, entry.page_map);
  entry.page_map = record.page_map;
  dirty.page_map = entry.page_map;
  state_.set_page_map(dirty, wanted);
  entry.offset_units = write.offset_units;
  entry.length_units = write.length_units;
  entry.version = record.version;
  entry.lsn = record.lsn;
  entry.birth = record.birth;
  entry.full =
      record.valid == format::SectorMap{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};
  state_.crecs.put(entry, record);
  state_.retire(dirty.frozen);
  dirty.destaging = false;
  state_.settle_dirty(dirty);
}

Flow Destager::round() {
  select();
  if (jobs_.empty()) co_return Status();
  Status status = co_await load_records(targets_);
  if (!status.ok()) co_return status;
  before_.clear();
  for (Target& target : targets_) {
    before_.push_back(target.record);
    if (!target.loaded) {
      before_.back() = {};
      rebuild_lost(target);
    }
  }
  status = co_await stage_payload();
  if (!status.ok()) co_return status;
  placements_.clear();
  writes_.clear();
  next_slot_ = 0;
  for (size_t i = 0; i < jobs_.size(); ++i) build(jobs_[i], targets_[i].record);
  for (const Target& target : targets_) writes_.push_back({&target.record, 0, 0});
  status = co_await write_pages();
  if (!status.ok()) co_return status;
  status = co_await log_.append(writes_);
  if (!status.ok()) {
    // Room was made before the round: only a device error, which is terminal, can bring this here.
    CAIRN_ASSERT(!state_.failure.ok());
    co_return status;
  }
  for (size_t i = 0; i < jobs_.size(); ++i) {
    commit_pages(jobs_[i], before_[i], targets_[i].record);
    commit(jobs_[i], targets_[i].record, writes_[i]);
  }
  state_.segments.settle();
  ++state_.stats.destage_rounds;
  state_.stats.destaged_chunks += jobs_.size();
  co_return Status();
}

}  // namespace cairn::store
